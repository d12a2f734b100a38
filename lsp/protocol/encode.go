package protocol

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends what encoding/json makes of the findings. A long description
// has hundreds, which go out at each keystroke, and reflection takes several times
// as long.
func (p *PublishDiagnosticsParams) AppendJSON(b []byte) []byte {
	b = appendString(append(b, `{"uri":`...), string(p.URI))
	if p.Version != nil {
		b = strconv.AppendInt(append(b, `,"version":`...), int64(*p.Version), 10)
	}
	if p.Diagnostics == nil {
		return append(b, `,"diagnostics":null}`...)
	}
	b = append(b, `,"diagnostics":[`...)
	for i := range p.Diagnostics {
		if i > 0 {
			b = append(b, ',')
		}
		b = p.Diagnostics[i].appendJSON(b)
	}
	return append(b, "]}"...)
}

func (d *Diagnostic) appendJSON(b []byte) []byte {
	b = d.Range.appendJSON(append(b, `{"range":`...))
	b = strconv.AppendInt(append(b, `,"severity":`...), int64(d.Severity), 10)
	if d.Code != "" {
		b = appendString(append(b, `,"code":`...), d.Code)
	}
	if d.CodeDescription != nil {
		b = appendString(append(b, `,"codeDescription":{"href":`...), d.CodeDescription.Href)
		b = append(b, '}')
	}
	b = appendString(append(b, `,"source":`...), d.Source)
	b = appendString(append(b, `,"message":`...), d.Message)
	for i, t := range d.Tags {
		b = append(b, [...]string{`,"tags":[`, ","}[min(i, 1)]...)
		b = strconv.AppendInt(b, int64(t), 10)
	}
	if len(d.Tags) > 0 {
		b = append(b, ']')
	}
	for i := range d.RelatedInformation {
		r := &d.RelatedInformation[i]
		b = append(b, [...]string{`,"relatedInformation":[`, ","}[min(i, 1)]...)
		b = appendString(append(b, `{"location":{"uri":`...), string(r.Location.URI))
		b = r.Location.Range.appendJSON(append(b, `,"range":`...))
		b = appendString(append(b, `},"message":`...), r.Message)
		b = append(b, '}')
	}
	if len(d.RelatedInformation) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

func (r Range) appendJSON(b []byte) []byte {
	b = r.Start.appendJSON(append(b, `{"start":`...))
	b = r.End.appendJSON(append(b, `,"end":`...))
	return append(b, '}')
}

func (p Position) appendJSON(b []byte) []byte {
	b = strconv.AppendUint(append(b, `{"line":`...), uint64(p.Line), 10)
	b = strconv.AppendUint(append(b, `,"character":`...), uint64(p.Character), 10)
	return append(b, '}')
}

// appendString appends a string; one with anything to escape is encoding/json's
// matter.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			raw, err := json.Marshal(s)
			if err != nil {
				panic(err) // there is no such string
			}
			return append(b, raw...)
		}
	}
	b = append(append(b, '"'), s...)
	return append(b, '"')
}
