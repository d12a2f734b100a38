package lsp

import (
	"encoding/json"
	"fmt"
	"path"

	"inscribe/docs"
	"inscribe/lsp/protocol"
)

// explainCommand tells what a word means. Its first argument is the word, as
// "inscribe explain" takes it; the second may be the URI of an open description,
// whose project has words of its own.
const explainCommand = "inscribe.explain"

// explanation answers explainCommand.
type explanation struct {
	Word     string `json:"word"`
	Markdown string `json:"markdown"`
}

func (c *call) explainWord(arguments []json.RawMessage) (any, error) {
	var word string
	if len(arguments) == 0 || json.Unmarshal(arguments[0], &word) != nil || word == "" {
		return nil, fail(protocol.InvalidParams, "the first argument is a word: a keyword, a section, a value, a code, an operation, a profile or a fact")
	}
	var project docs.Project
	if len(arguments) > 1 {
		var uri protocol.DocumentURI
		if json.Unmarshal(arguments[1], &uri) != nil {
			return nil, fail(protocol.InvalidParams, "the second argument is the URI of a description")
		}
		d := c.description(uri)
		if d == nil {
			return nil, fail(protocol.InvalidParams, "the document is not open")
		}
		if d.config != nil {
			project = docs.Project{Table: d.config.config.Table(), Origin: path.Base(d.config.path), Profiles: d.config.config.Profiles}
		}
	}
	topics := docs.Topics(project)
	found := docs.About(topics, word)
	if found == nil {
		return nil, fail(protocol.InvalidParams, fmt.Sprintf("there is nothing to explain about %q%s", word, docs.Near(topics, word)))
	}
	return explanation{Word: word, Markdown: docs.Explanation(found)}, nil
}
