//go:build !js

package secret

import "log/slog"

// LogValue returns [Redacted] for log/slog, which a browser need not load: what
// runs there logs nothing, and the other methods redact there too.
func (Secret) LogValue() slog.Value { return slog.StringValue(Redacted) }
