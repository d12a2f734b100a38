package plan

import "io"

// HTML writes the plan as one page.
func (p *Plan) HTML(w io.Writer) error { return nil }
