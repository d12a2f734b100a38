package plan

import (
	"slices"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// dataObject lowers DataObject with its label expression and attributes.
func (l *lowering) dataObject(a *check.Application) {
	data := a.Get(schema.MDataObject)
	if facts := l.options.Profile; facts.Is(profile.DataObjects) == profile.No {
		l.refuse(data, "tokens of the profile "+facts.Name+" take no data objects", "take "+a.Letter+" out of ApplicationList, or use another kind of token")
		return
	}
	attributes := a.Get(schema.MDataAttributes)
	if facts := l.options.Profile; attributes != nil && facts.Is(profile.DataObjectID) == profile.No &&
		slices.ContainsFunc(attributes.Value.Attributes, func(a check.AttributeAt) bool { return a.Name == "CKA_OBJECT_ID" }) {
		l.refuse(attributes, "data objects on tokens of the profile "+facts.Name+" take no CKA_OBJECT_ID", "leave CKA_OBJECT_ID out")
		return
	}
	slot := l.slotOf(a)
	if !l.ready(slot, data) {
		return
	}
	field := data.Value.Field.Name
	l.want(field)
	o := Op{Kind: PutData, Slot: slot, Application: a.Letter, Data: &Ref{Field: field, Keyword: data.Keyword.Name},
		Requires: []string{"user"}, Changes: []string{"+data"}, Source: l.source(a.Block, data)}
	if s := a.Get(schema.MDataLabel); s != nil {
		for _, part := range s.Value.Parts {
			if part.Field == nil {
				o.Label.Parts = append(o.Label.Parts, TextPart{Text: part.Text})
				continue
			}
			l.want(part.Field.Name)
			o.Label.Parts = append(o.Label.Parts, TextPart{Field: part.Field.Name})
		}
		o.Label = o.Label.With(l.plan.Bindings)
	}
	if attributes != nil {
		for _, attribute := range attributes.Value.Attributes {
			o.Attributes = append(o.Attributes, Attribute{attribute.Name, attribute.Value})
		}
	}
	l.emit(o)
}
