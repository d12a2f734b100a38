package plan

import "inscribe/check/schema"

// clearFields lowers ClearFields: the values are forgotten at the end, after a
// failure too.
func (l *lowering) clearFields() {
	s := l.program.Description.Get(schema.MClearFields)
	if s == nil {
		return
	}
	o := Op{Kind: ClearFields, Source: l.source(l.program.Description, s)}
	for _, n := range s.Value.Names {
		if n.Field != nil {
			o.Clears = append(o.Clears, n.Field.Name)
		}
	}
	l.emit(o)
}
