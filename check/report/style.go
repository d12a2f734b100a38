package report

// style is a look of the text format: the parameters of an SGR sequence.
type style string

const (
	plain     style = ""
	strong    style = "1"
	alarming  style = "1;31" // errors, removed lines
	warning   style = "1;33"
	informing style = "1;36"
	secondary style = "1;34" // the frame, related places
	adding    style = "32"
)

// paint is whether styles show.
type paint bool

func (p paint) style(s style, text string) string {
	if !p || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}
