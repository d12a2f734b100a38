//go:build !js

package docs

import "embed"

var (
	//go:embed rules/*.md
	files embed.FS
	//go:embed reference.md
	referencePage string
)
