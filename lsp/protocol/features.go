package protocol

import "encoding/json"

// InsertTextFormat is 1 for text and 2 for a snippet.
type InsertTextFormat int

// The forms of a completion's text; without one it is plain.
const (
	PlainFormat   InsertTextFormat = 1
	SnippetFormat InsertTextFormat = 2
)

// CompletionItemKind chooses the picture of a completion.
type CompletionItemKind int

// The kinds of completion that the server uses.
const (
	FunctionItem   CompletionItemKind = 3
	FieldItem      CompletionItemKind = 5
	VariableItem   CompletionItemKind = 6
	ModuleItem     CompletionItemKind = 9
	PropertyItem   CompletionItemKind = 10
	ValueItem      CompletionItemKind = 12
	KeywordItem    CompletionItemKind = 14
	EnumMemberItem CompletionItemKind = 20
	ConstantItem   CompletionItemKind = 21
	EventItem      CompletionItemKind = 23
)

// CompletionParams ask for completions.
type CompletionParams struct {
	TextDocumentPositionParams
	Context struct {
		// TriggerCharacter is the one that was typed, "" where a person asked.
		TriggerCharacter string `json:"triggerCharacter,omitempty"`
	} `json:"context"`
}

// CompletionItem is one completion.
type CompletionItem struct {
	Label            string             `json:"label"`
	Kind             CompletionItemKind `json:"kind,omitempty"`
	Detail           string             `json:"detail,omitempty"`
	Documentation    *MarkupContent     `json:"documentation,omitempty"`
	SortText         string             `json:"sortText,omitempty"`
	FilterText       string             `json:"filterText,omitempty"`
	InsertTextFormat InsertTextFormat   `json:"insertTextFormat,omitempty"`
	TextEdit         *TextEdit          `json:"textEdit,omitempty"`
	// TextEditText is the text for the range of the list; without it the label
	// is.
	TextEditText string `json:"textEditText,omitempty"`
	// AdditionalTextEdits are made elsewhere in the document.
	AdditionalTextEdits []TextEdit      `json:"additionalTextEdits,omitempty"`
	Command             *Command        `json:"command,omitempty"`
	Data                json.RawMessage `json:"data,omitempty"`
}

// CompletionList is the answer.
type CompletionList struct {
	IsIncomplete bool                `json:"isIncomplete"`
	ItemDefaults *CompletionDefaults `json:"itemDefaults,omitempty"`
	// ApplyKind says how the defaults and an item's own members are put together.
	ApplyKind *CompletionApplyKinds `json:"applyKind,omitempty"`
	Items     []CompletionItem      `json:"items"`
}

// ApplyKind is how a default and an item's own value are put together.
type ApplyKind int

// Merge keeps the members of the default that the item's own value does not have;
// without it the own value replaces the default.
const Merge ApplyKind = 2

// CompletionApplyKinds has the kind of each member that can be merged.
type CompletionApplyKinds struct {
	Data ApplyKind `json:"data,omitempty"`
}

// CompletionDefaults is what the items of a list have in common; an item may say
// otherwise.
type CompletionDefaults struct {
	EditRange        *Range           `json:"editRange,omitempty"`
	InsertTextFormat InsertTextFormat `json:"insertTextFormat,omitempty"`
	Data             json.RawMessage  `json:"data,omitempty"`
}

// Hover is the answer to hover.
type Hover struct {
	Contents MarkupContent `json:"contents"`
	Range    *Range        `json:"range,omitempty"`
}

// SignatureHelp is the answer to signature help.
type SignatureHelp struct {
	Signatures      []SignatureInformation `json:"signatures"`
	ActiveSignature uint32                 `json:"activeSignature"`
	ActiveParameter uint32                 `json:"activeParameter"`
}

// SignatureInformation is one signature.
type SignatureInformation struct {
	Label         string                 `json:"label"`
	Documentation *MarkupContent         `json:"documentation,omitempty"`
	Parameters    []ParameterInformation `json:"parameters"`
}

// ParameterInformation is one parameter; Label is its text in the signature.
type ParameterInformation struct {
	Label         string         `json:"label"`
	Documentation *MarkupContent `json:"documentation,omitempty"`
}

// ReferenceParams ask for references.
type ReferenceParams struct {
	TextDocumentPositionParams
	Context struct {
		IncludeDeclaration bool `json:"includeDeclaration"`
	} `json:"context"`
}

// DocumentHighlight is a place of the thing under the cursor; Kind is 2 for
// reading and 3 for writing.
type DocumentHighlight struct {
	Range Range `json:"range"`
	Kind  int   `json:"kind"`
}

// RenameParams ask for a rename.
type RenameParams struct {
	TextDocumentPositionParams
	NewName string `json:"newName"`
}

// PrepareRenameResult says what would be renamed.
type PrepareRenameResult struct {
	Range       Range  `json:"range"`
	Placeholder string `json:"placeholder"`
}

// SymbolKind chooses the picture of a symbol.
type SymbolKind int

// The kinds of symbol that the server uses.
const (
	ModuleSymbol    SymbolKind = 2
	NamespaceSymbol SymbolKind = 3
	PropertySymbol  SymbolKind = 7
	VariableSymbol  SymbolKind = 13
)

// DocumentSymbol is a part of a document.
type DocumentSymbol struct {
	Name           string           `json:"name"`
	Detail         string           `json:"detail,omitempty"`
	Kind           SymbolKind       `json:"kind"`
	Range          Range            `json:"range"`
	SelectionRange Range            `json:"selectionRange"`
	Children       []DocumentSymbol `json:"children,omitempty"`
}

// SymbolInformation is a part of a document, without its parts.
type SymbolInformation struct {
	Name          string     `json:"name"`
	Kind          SymbolKind `json:"kind"`
	Location      Location   `json:"location"`
	ContainerName string     `json:"containerName,omitempty"`
}

// WorkspaceSymbolParams ask for symbols of all documents.
type WorkspaceSymbolParams struct {
	Query string `json:"query"`
}

// CodeActionKind is a dotted name.
type CodeActionKind string

// The kinds of code action.
const (
	QuickFix        CodeActionKind = "quickfix"
	RefactorExtract CodeActionKind = "refactor.extract"
	SourceFixAll    CodeActionKind = "source.fixAll.inscribe"
)

// CodeActionParams ask for the actions of a range.
type CodeActionParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
	Range        Range                  `json:"range"`
	Context      struct {
		Diagnostics []Diagnostic     `json:"diagnostics"`
		Only        []CodeActionKind `json:"only"`
	} `json:"context"`
}

// Document gives the document that the request is about.
func (p CodeActionParams) Document() DocumentURI { return p.TextDocument.URI }

// CodeAction is one action.
type CodeAction struct {
	Title       string          `json:"title"`
	Kind        CodeActionKind  `json:"kind,omitempty"`
	Diagnostics []Diagnostic    `json:"diagnostics,omitempty"`
	IsPreferred bool            `json:"isPreferred,omitempty"`
	Edit        *WorkspaceEdit  `json:"edit,omitempty"`
	Data        json.RawMessage `json:"data,omitempty"`
}

// CodeLens is a remark above a line with a command behind it.
type CodeLens struct {
	Range   Range    `json:"range"`
	Command *Command `json:"command,omitempty"`
}

// DocumentLink is a link in a document.
type DocumentLink struct {
	Range   Range  `json:"range"`
	Target  string `json:"target"`
	Tooltip string `json:"tooltip,omitempty"`
}

// FoldingRange is a part that can be folded.
type FoldingRange struct {
	StartLine uint32 `json:"startLine"`
	EndLine   uint32 `json:"endLine"`
	Kind      string `json:"kind,omitempty"`
}

// SelectionRangeParams ask for what lies around places.
type SelectionRangeParams struct {
	TextDocument TextDocumentIdentifier `json:"textDocument"`
	Positions    []Position             `json:"positions"`
}

// Document gives the document that the request is about.
func (p SelectionRangeParams) Document() DocumentURI { return p.TextDocument.URI }

// SelectionRange is a range in a larger one.
type SelectionRange struct {
	Range  Range           `json:"range"`
	Parent *SelectionRange `json:"parent,omitempty"`
}

// SemanticTokens are tokens of five numbers each.
type SemanticTokens struct {
	Data []uint32 `json:"data"`
}

// InlayHint is a remark in a line; Kind 1 is a type, 2 a parameter.
type InlayHint struct {
	Position    Position        `json:"position"`
	Label       string          `json:"label"`
	Kind        int             `json:"kind,omitempty"`
	Tooltip     *MarkupContent  `json:"tooltip,omitempty"`
	PaddingLeft bool            `json:"paddingLeft,omitempty"`
	Data        json.RawMessage `json:"data,omitempty"`
}

// ExecuteCommandParams run a command.
type ExecuteCommandParams struct {
	Command   string            `json:"command"`
	Arguments []json.RawMessage `json:"arguments"`
}

// TextDocumentContentParams ask for a document that the server writes.
type TextDocumentContentParams struct {
	URI DocumentURI `json:"uri"`
}

// TextDocumentContentResult is its text.
type TextDocumentContentResult struct {
	Text string `json:"text"`
}
