package docs

import "embed"

// In a browser the texts are the page's, which has them without loading them as
// a part of the program; Rule then finds none.
var (
	files         embed.FS
	referencePage string
)
