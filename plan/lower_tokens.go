package plan

import "inscribe/check/schema"

// listTokens lowers RetrieveAllTokens, which runs alone.
func (l *lowering) listTokens() {
	d := l.program.Description
	s := d.Get(schema.MRetrieveTokens)
	o := Op{Kind: ListTokens, Source: l.source(d, s)}
	if field := d.Get(schema.MTokensField); field != nil && field.Value.Field != nil {
		o.Returns = field.Value.Field.Name
	}
	l.emit(o)
}
