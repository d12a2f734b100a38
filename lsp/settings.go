package lsp

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/lsp/protocol"
)

// settings are the client's, under "inscribe".
type settings struct {
	InlayHints *bool
	CodeLens   *bool
	// Docs is where the pages of codes stand, as a URI; without it they are
	// documents of the server.
	Docs string
	// Profile wins over what inscribe.toml and the name of the library say, as
	// the option of the command line does.
	Profile string
}

func on(b *bool) bool { return b == nil || *b }

// fields are the settings by name, to be read into.
func (s *settings) fields() map[string]any {
	return map[string]any{"inlayHints": &s.InlayHints, "codeLens": &s.CodeLens, "docs": &s.Docs, "profile": &s.Profile}
}

// readSettings takes settings as clients send them: the value of "inscribe", or
// an object with it. It is not told where nothing is said of any setting, as by a
// client that sends an empty object for "none set". What has a wrong type stays as
// it was before; bad says what does.
func readSettings(raw json.RawMessage, before settings) (read settings, told bool, bad []string) {
	object := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &object) != nil {
		return before, false, nil
	}
	if inner, ok := object["inscribe"]; ok {
		return readValues(inner, before)
	}
	known := read.fields()
	for name := range object {
		if known[name] != nil {
			return readValues(raw, before)
		}
	}
	return before, false, nil
}

// readValues reads the value of "inscribe".
func readValues(raw json.RawMessage, before settings) (read settings, told bool, bad []string) {
	values := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &values) != nil {
		// Lua has one empty table for the object and the list.
		if text := strings.TrimSpace(string(raw)); text != "[]" && text != "null" {
			bad = append(bad, "the value of inscribe is an object with the settings")
		}
		return before, false, bad
	}
	if values == nil {
		return before, false, nil
	}
	// A value that cannot be read may leave something behind, so each is tried first.
	try, old, into := new(settings).fields(), before.fields(), read.fields()
	for _, name := range slices.Sorted(maps.Keys(into)) {
		value, there := values[name]
		if !there {
			continue
		}
		if json.Unmarshal(value, try[name]) != nil {
			bad = append(bad, fmt.Sprintf("the setting %s is %s", name, wants(into[name])))
			value, _ = json.Marshal(old[name])
		}
		_ = json.Unmarshal(value, into[name])
	}
	return read, true, bad
}

// wants says what a setting takes.
func wants(field any) string {
	if _, ok := field.(**bool); ok {
		return "true or false"
	}
	return "a text"
}

// complain tells the user of settings that cannot be read, once.
func (s *server) complain(bad []string) {
	text := strings.Join(bad, "; ")
	if text == s.said {
		return
	}
	if s.said = text; text != "" {
		go s.notify("window/showMessage", protocol.LogMessageParams{Type: 2, Message: "Inscribe: " + text + "; what was sent is not, and changes nothing"})
	}
}

// didChangeConfiguration takes settings, or fetches them where the client only
// says that they changed.
func (s *server) didChangeConfiguration(p *protocol.DidChangeConfigurationParams) {
	got, told, bad := readSettings(p.Settings, s.state.settings)
	s.complain(bad)
	if told {
		s.applySettings(&got)
		return
	}
	s.fetchSettings()
}

// fetchSettings asks the client for the settings, where it can be asked.
func (s *server) fetchSettings() {
	if !s.state.client.Workspace.Configuration {
		return
	}
	items := protocol.ConfigurationParams{Items: []protocol.ConfigurationItem{{Section: "inscribe"}}}
	s.ask("workspace/configuration", items, func(result json.RawMessage) {
		var list []json.RawMessage
		if json.Unmarshal(result, &list) != nil || len(list) != 1 {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		got, told, bad := readValues(list[0], s.state.settings)
		s.complain(bad)
		if told {
			s.applySettings(&got)
		}
	})
}

// applySettings puts settings in force.
func (s *server) applySettings(p *settings) {
	next := s.state.copy()
	next.settings = *p
	s.state = next
	if s.configs.profile != p.Profile {
		s.configs.profile = p.Profile
		s.reconfigure()
	}
	s.refresh(false)
	for _, d := range s.state.docs {
		s.publish(d)
	}
}
