package plan

// deletes lowers the removal of what was there before under the labels of the new
// keys, certificates and data objects. It stands after all applications: nothing
// goes before everything new is proved.
func (l *lowering) deletes() {
	l.plan.Replace = true
	for _, o := range l.plan.Ops {
		switch {
		case o.Kind == PutData:
			l.delete(o, "-data")
		case o.Kind == PutCert && o.Certificate == nil:
			l.delete(o, "-key", "-certificate")
		case o.Kind == PutCert:
			l.delete(o, "-certificate")
		}
	}
}

func (l *lowering) delete(of Op, changes ...string) {
	// The application may be long past, and its slot logged out for another one.
	if l.needsBoth(of.Slot) {
		l.login(Default)
	}
	l.login(of.Slot)
	l.emit(Op{Kind: Delete, Slot: of.Slot, Application: of.Application, Label: of.Label, Requires: []string{"user"}, Changes: changes, Source: of.Source})
}
