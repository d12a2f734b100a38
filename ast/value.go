package ast

// Pos is where a part of a value begins, in bytes from the value's start. It
// has the shape of participle's lexer.Position, which fills it in.
type Pos struct {
	Filename     string
	Offset       int
	Line, Column int
}

// The types below are the productions of values; their tags are the grammar.
// Offsets count from the start of the value.

// Operand is a field or fixed value: #literal, !SPECIAL or a bare name.
type Operand struct {
	Literal *string `parser:"  @Literal"`
	Special *string `parser:"| @Special"`
	Bare    string  `parser:"| @~(Literal | Special)+"`
}

// Call is NAME(ARGUMENT). The argument is everything up to the last closing
// parenthesis of the value, so it may hold commas and parentheses; Rest is what
// follows the opening one, the closing one included.
type Call struct {
	Name string `parser:"@Word '('"`
	Rest string `parser:"@~EOF*"`
}

// Names is a list of names between commas.
type Names struct {
	Names []Name `parser:"@@ (',' @@)*"`
}

// Name is one of [Names]. Text may be empty and have blanks around it.
type Name struct {
	Pos    Pos
	Text   string `parser:"@~','*"`
	EndPos Pos
}

// Attributes is a list NAME=VALUE, … of PKCS#11 attributes.
type Attributes struct {
	List []Attribute `parser:"@@ (',' @@)*"`
}

// Attribute is one of [Attributes]. A quoted value keeps its quotes.
type Attribute struct {
	Pos    Pos
	Name   string `parser:"Space* @Word Space* '=' Space*"`
	Value  string `parser:"( @String | @~(',' | String | Space)+ ) Space*"`
	EndPos Pos
}

// Expression is text with !{FIELD} in it.
type Expression struct {
	Parts []Part `parser:"@@*"`
}

// Part is a piece of an [Expression]: Field holds !{NAME} as written.
type Part struct {
	Pos    Pos
	Field  string `parser:"  @Placeholder"`
	Text   string `parser:"| @~Placeholder+"`
	EndPos Pos
}

// Binding is the right-hand side of a field in the notation of the Card SDK:
// terms joined by +.
type Binding struct {
	Terms []Term `parser:"Space* @@ ('+' Space* @@)*"`
}

// Term is one of a [Binding]: a database field, a text in quotation marks, or
// Format(field,"000").
type Term struct {
	Pos    Pos
	String string  `parser:"( @String"`
	Format *Format `parser:"| @@"`
	Column string  `parser:"| @Word ) Space*"`
	EndPos Pos
}

// Format extends the value of a database field to the length of a pattern,
// which keeps its quotes.
type Format struct {
	Column  string `parser:"'Format' Space* '(' Space* @Word Space* ','"`
	Pattern string `parser:"Space* @String Space* ')'"`
}
