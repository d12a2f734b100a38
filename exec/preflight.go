package exec

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"inscribe/check/profile"
	"inscribe/plan"
)

// preflight checks all that can be checked before the first write, and writes
// nothing.
func (r *run) preflight() error {
	if err := refusals(r.Plan); err != nil {
		return err
	}
	if err := r.bound(); err != nil {
		return err
	}
	if err := r.take(beforeJournal); err != nil {
		return err
	}
	if err := r.openJournal(); err != nil {
		return err
	}
	if err := r.take(beforeAsking); err != nil {
		return err
	}
	if err := r.ask(); err != nil {
		return err
	}
	return r.take(afterAsking)
}

// distinctPINs holds the PINs of the two slots against each other, where the
// policy says so: by value, since two fields may hold one. It looks at what each
// slot is left with, so that a change which mends two equal PINs is no breach.
func (r *run) distinctPINs(op *plan.Op, slot string) error {
	if !r.Plan.DistinctPINs {
		return nil
	}
	ref := userPIN(op, slot)
	if ref == nil || r.changesLater(op, slot) {
		return nil
	}
	c, err := r.credential(ref, slot)
	if err != nil {
		return err
	}
	r.at(slot).leftPIN = c
	a, b := r.at(plan.Default).leftPIN, r.at(plan.Signature).leftPIN
	if a.Secret.Len() > 0 && a.Secret.Equal(b.Secret) {
		return &Error{Kind: Refused, Message: "the policy demands another PIN in the signature slot than in the default slot, and " + b.Name + " is the same as " + a.Name, Advice: "choose another signature PIN"}
	}
	return nil
}

// userPIN is the user PIN that an op shows or sets; nil where it does neither.
func userPIN(op *plan.Op, slot string) *plan.Ref {
	switch {
	case op.Kind == plan.Login && op.As == "user" && len(op.Cases) > 0:
		return caseFor(op, slot)
	case op.Kind == plan.Login && op.As == "user":
		return op.Credential
	case op.Kind == plan.InitPIN, op.Kind == plan.Unblock, op.Kind == plan.SetPIN:
		return op.New
	}
	return nil
}

// changesLater reports whether the user PIN of a slot is another one after a later
// op than after this one.
func (r *run) changesLater(op *plan.Op, slot string) bool {
	past := false
	for later, at := range r.due {
		if past && at == slot && later.Kind != plan.Login && userPIN(later, slot) != nil {
			return true
		}
		past = past || later.ID == op.ID
	}
	return false
}

// decided demands a value for each field that decides a slot: without it nobody
// knows where to look.
func (r *run) decided() error {
	for i := range r.Plan.Ops {
		op := &r.Plan.Ops[i]
		fields := []string{op.SlotField()}
		for _, c := range op.When {
			fields = append(fields, c.Field)
		}
		for _, f := range fields {
			if _, decided := r.Cases[f]; f != "" && !decided {
				return r.wrap(&Error{Kind: Refused, Message: "field " + f + " decides the slot and has no value", Advice: "give it with --field " + f + "=Signature, or another word for the default slot"}, op, "")
			}
		}
	}
	return nil
}

// bound demands a value for everything that the plan needs.
func (r *run) bound() error {
	if err := r.decided(); err != nil {
		return err
	}
	secret := func(name string) bool {
		return slices.ContainsFunc(r.Plan.Fields, func(f plan.Field) bool { return f.Name == name && f.Secret })
	}
	var missing []string
	for _, name := range r.Plan.Needs {
		// A model takes any PIN, and none of its own.
		open := r.Symbolic && (!r.Seeded || secret(name))
		_, text := r.Inputs.Text[name]
		if _, decided := r.Cases[name]; !text && !decided && !r.Inputs.Secrets[name].IsSet() && !open {
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return nil
	}
	var flags []string
	for _, name := range missing {
		value := "…"
		if secret(name) {
			value = "prompt"
		}
		flags = append(flags, "--field "+name+"="+value)
	}
	return &Error{Kind: Refused, Message: "no value for " + strings.Join(missing, ", "), Advice: "give " + strings.Join(flags, " ") + " (a secret also as env:VAR, file:PATH or fd:N)"}
}

// checkNewLabel refuses a label that no token reads back, since an initialisation that
// fails for it has destroyed all the same, and a key without one. What is no UTF-8 is
// read back otherwise from the journal.
func (r *run) checkNewLabel(op *plan.Op, _ string) error {
	label, bound := op.Label.With(r.Inputs.Text).Resolved()
	switch problem := plan.LabelProblem(label); {
	case !bound:
	case op.Kind == plan.InitToken && problem != "", !utf8.ValidString(label):
		return &Error{Kind: Refused, Message: problem, Advice: "choose another label"}
	case op.Kind == plan.GenKey && label == "":
		return &Error{Kind: Refused, Message: plan.NoLabel, Advice: plan.NoLabelHelp}
	}
	return nil
}

// chooseToken finds the token of a slot that the plan opens.
func (r *run) chooseToken(op *plan.Op, name string) error {
	if op.Kind != plan.OpenSlot || r.token(name) != nil {
		return nil
	}
	if r.listed == nil {
		slots, err := r.Module.Slots(r.ctx)
		if err != nil {
			return err
		}
		if len(slots) == 0 {
			return NoToken(r.ctx, r.Module)
		}
		r.listed = slots
	}
	if facts := r.Plan.Facts(); name == plan.Signature && facts.Is(profile.SignatureSlot) == profile.No && facts.Is(profile.SecondToken) != profile.Yes {
		return &Error{Kind: Refused, Message: "tokens of the profile " + facts.Name + " have no signature slot", Advice: "leave Location out, or choose another token"}
	}
	selector := r.Selectors[name]
	if name == plan.Signature && selector.IsZero() {
		return &Error{Kind: Refused, Slot: "signature slot", Message: "nothing says which token holds the signature slot",
			Advice: "name it with --signature-token, or with signature.token in station.toml"}
	}
	candidates, err := r.withICCSN(r.listed, op)
	if err != nil {
		return err
	}
	slot, found, err := r.begunOn(name, candidates)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(candidates, selector.Matches); !found && selector.fresh && r.Row != "" && i >= 0 {
		slot, found = candidates[i], true // a batch shows those alone that the row can have
	}
	if !found {
		slot, err = selector.Choose(candidates, name)
	}
	if err != nil && !r.begun && r.madeByHook(op, name) {
		return nil // it is looked for again when it should be there
	}
	if err != nil {
		return err
	}
	r.choose(name, slot)
	if other := r.at(otherSlot(name)); other.token != nil && other.listed.ID == slot.ID {
		return &Error{Kind: Refused, Slot: "both slots", Message: fmt.Sprintf("both slots are one: %s", slot.Token.Name()),
			Advice: "name another token for the signature slot with --signature-token"}
	}
	return nil
}

func otherSlot(name string) string {
	if name == plan.Default {
		return plan.Signature
	}
	return plan.Default
}

// withICCSN keeps the tokens with the serial number that an openslot asks for.
func (r *run) withICCSN(slots []Slot, op *plan.Op) ([]Slot, error) {
	want, ok := op.ICCSN.With(r.Inputs.Text).Resolved()
	if op.ICCSN.IsZero() || r.Symbolic && !(r.Seeded && ok) {
		return slots, nil
	}
	if !ok {
		return nil, &Error{Kind: Refused, Message: "the serial number of the card has no value"}
	}
	if want == "" {
		return nil, &Error{Kind: Refused, Message: "the serial number of the card is empty"}
	}
	var kept []Slot
	for _, s := range slots {
		if strings.EqualFold(s.Token.Serial, want) {
			kept = append(kept, s)
		}
	}
	if hidden := unreadable(slots); kept == nil && hidden != nil {
		hidden.Message = fmt.Sprintf("the serial number of this token cannot be read, and no other has %q", want)
		return nil, hidden
	}
	if kept == nil {
		return nil, &Error{Kind: Device, Message: fmt.Sprintf("no token has the serial number %q; there %s", want, listTokens(slots)), Advice: "insert that card"}
	}
	return kept, nil
}

// destroys wants a yes for an op that destroys.
func (r *run) destroys(op *plan.Op, slot string) error {
	token := r.info(slot)
	initialised := token.Flags.Has(FlagTokenInitialized)
	if op.Writes() && token.Flags.Has(FlagWriteProtected) {
		return &Error{Kind: Refused, Message: "the token is write-protected (CKF_WRITE_PROTECTED)", Advice: "choose another token"}
	}
	if op.Kind == plan.InitToken && !op.Hook && r.Plan.Facts().Is(profile.Reinit) == profile.No && initialised {
		return &Error{Kind: Refused, Message: "a token of the profile " + r.Plan.Facts().Name + " cannot be initialised a second time", Advice: "choose a fresh token with --token fresh"}
	}
	if !op.Destroys() || r.DestroyConfirmed || !initialised {
		return nil
	}
	question := fmt.Sprintf("%s destroys %s: %s. Go on?", opName(op), op.Loses(), token.Name())
	if r.Prompter == nil || !r.Prompter.Confirm(r.ctx, question) {
		if r.ctx.Err() != nil {
			return interruption(r.ctx.Err())
		}
		return &Error{Kind: Refused, Message: "this destroys " + op.Loses() + ", and nobody said yes", Advice: "look at the plan, then say --yes"}
	}
	return nil
}

// checkFlags looks at the token's flags before a PIN or PUK is shown to it. After
// an initialisation the flags say nothing of what will be.
func (r *run) checkFlags(op *plan.Op, slot string) error {
	if op.Kind != plan.Login && op.Kind != plan.SetPIN || r.initialisedBefore(op, slot) || r.blockedBefore(slot) {
		return nil
	}
	err := r.flagsAllow(op, r.info(slot))
	if e, ok := err.(*Error); ok && r.info(slot).Flags.Has(FlagUserPINLocked) && r.dueIn(slot, plan.Block) != nil {
		e.Advice = "this description blocks the PIN itself, at its end: inscribe verify tells whether the card is done"
	}
	return err
}

// checkCount looks at the count of earlier tries before a value is shown to the
// token, as checkFlags does at its flags.
func (r *run) checkCount(op *plan.Op, slot string) error {
	who := shownTo(op)
	_, done := r.earlier[op.ID]
	if who == "" || done || r.blockedBefore(slot) || r.Symbolic && !r.Seeded || !r.info(slot).Flags.Has(FlagTokenInitialized) || r.initialisedBefore(op, slot) {
		return nil
	}
	return r.counted().afford(slot, who)
}

// flagsAllow refuses to spend a try of an op that the token's flags warn of. A login that
// proves a new value is a try as any other: what set the value may have been an earlier
// run, with another one, or a command that did nothing.
func (r *run) flagsAllow(op *plan.Op, info TokenInfo) error {
	if op.Proves {
		info.Flags |= FlagUserPINInit
	}
	return tryAllowed(info, shownTo(op), r.SpendFinalTry)
}

// tryAllowed refuses to spend a try of the PIN ("user") or SO PIN ("so") that the
// token's flags warn of.
func tryAllowed(info TokenInfo, who string, spendFinalTry bool) error {
	if err := initialised(info); err != nil {
		return err
	}
	what, locked, final, advice := nameOf(who), FlagUserPINLocked, FlagUserPINFinalTry, "unblock it with the PUK"
	if who == "so" {
		locked, final, advice = FlagSOPINLocked, FlagSOPINFinalTry, adviseLocked(who)
	}
	switch {
	case info.Flags.Has(locked):
		return &Error{Kind: Refused, Message: "the " + what + " is locked", Advice: advice}
	case info.Flags.Has(final) && !spendFinalTry:
		return &Error{Kind: Refused, Message: "one more wrong " + what + " locks the token, so it is not tried",
			Advice: "check the value, then say --spend-final-try"}
	case who == "user" && !info.Flags.Has(FlagUserPINInit):
		return &Error{Kind: Refused, Message: "no user PIN was ever set on this token", Advice: "set the first one: SetPIN with InitToken, or with InitialPUK"}
	}
	return nil
}

// initialised refuses a token that is not.
func initialised(info TokenInfo) error {
	if info.Flags.Has(FlagTokenInitialized) {
		return nil
	}
	return &Error{Kind: Refused, Message: "the token is not initialised", Advice: "initialise it with InitToken, or choose another token"}
}

// initialisedBefore reports whether an earlier op of the plan initialises the
// token or sets its PIN anew, so that today's flags do not matter.
func (r *run) initialisedBefore(op *plan.Op, slot string) bool {
	for i := range r.Plan.Ops {
		before := &r.Plan.Ops[i]
		if before.ID == op.ID {
			return false
		}
		if !r.applies(before) || r.slot(before) != slot && !before.Hook {
			continue
		}
		if before.Hook || before.Kind == plan.InitToken || before.Kind == plan.Unblock && op.As != "so" {
			return true
		}
	}
	return false
}

// checkMechanism holds key sizes and curves against profile and token.
func (r *run) checkMechanism(op *plan.Op, slot string) error {
	if op.Kind != plan.GenKey {
		return nil
	}
	facts := r.Plan.Facts()
	refuse := func(format string, args ...any) error {
		return &Error{Kind: Refused, Message: fmt.Sprintf(format, args...), Advice: "choose another key in the description, or another token"}
	}
	if r.token(slot) == nil {
		return nil // made by the run itself
	}
	mechanism, bits := CKMRSAKeyPairGen, uint64(op.Key.Bits)
	if op.Key.Type == "RSA" {
		if least, ok := facts.Count(profile.RSAMin); ok && op.Key.Bits < least {
			return refuse("the profile %s offers RSA from %d bits", facts.Name, least)
		}
		if most, ok := facts.Count(profile.RSAMax); ok && op.Key.Bits > most {
			return refuse("the profile %s offers RSA up to %d bits", facts.Name, most)
		}
	} else {
		curve, ok := CurveNamed(op.Key.Curve)
		if !ok || facts.Offers(profile.Curves, op.Key.Curve) == profile.No {
			return refuse("the profile %s does not offer the curve %s", facts.Name, op.Key.Curve)
		}
		mechanism, bits = curve.KeyGen, curve.Bits
	}
	// A blank card that the station's command makes may offer nothing yet.
	if !r.info(slot).Flags.Has(FlagTokenInitialized) && slices.ContainsFunc(r.Plan.Ops, func(o plan.Op) bool { return o.Hook }) {
		return nil
	}
	offered, err := r.token(slot).Mechanisms(r.ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(offered, func(m Mechanism) bool { return m.Type == mechanism })
	if i >= 0 && mechanism == CKMECEdwardsKeyPairGen && offered[i].Min == bits+1 {
		offered[i].Min = bits // some count the 256 bits of an encoded point, not the 255 of the field
	}
	switch {
	case i < 0:
		return refuse("the token cannot generate %s", op.Key.Words())
	case offered[i].Max > 0 && (bits < offered[i].Min || bits > offered[i].Max):
		return refuse("the token cannot generate %s; it offers %d to %d bits", op.Key.Words(), offered[i].Min, offered[i].Max)
	}
	return nil
}

// checkIssuer asks whether each request could be served, and reads given
// certificates.
func (r *run) checkIssuer(op *plan.Op, slot string) error {
	switch {
	case op.Kind == plan.GenKey:
		req := r.certificateRequest(op, slot)
		req.Key.Type = keyType(op.Key)
		return r.Issuer.Check(r.ctx, req)
	case op.Kind == plan.ReqCert:
		return r.sameHolder(op, slot)
	case op.Kind == plan.PutCert && op.Certificate != nil:
		_, err := r.given(op)
		return err
	case op.Kind == plan.PutList:
		if r.Plan.Facts().Is(profile.ImportKeys) == profile.No {
			return &Error{Kind: Refused, Message: "tokens of the profile " + r.Plan.Facts().Name + " take no private key from outside", Advice: "generate the key on the token with KeySize and CertTempl"}
		}
		_, err := r.list(op)
		return err
	case op.Kind == plan.PutData:
		_, err := r.dataAttributes(op)
		return err
	}
	return nil
}

// sameHolder refuses to keep a certificate that an earlier run of this plan got
// for other values: another holder's card is in the reader.
func (r *run) sameHolder(op *plan.Op, slot string) error {
	rec, done := r.earlier[op.ID]
	if !done || rec.Asked == "" {
		return nil
	}
	asked, err := r.Issuer.Describe(r.certificateRequest(op, slot))
	if err != nil || asked == rec.Asked {
		return err
	}
	return &Error{Kind: Refused, Message: fmt.Sprintf("an earlier run put a certificate for %s on this token, and this run asks for %s", rec.Asked, asked),
		Advice: "another holder's card is in the reader: take another one, or give the values of the first run; to put this one's there all the same, say --existing add or --existing replace"}
}

// checkLabel refuses keys and certificates of the same label that an earlier run
// of this plan did not put there. Private objects show only after login, so
// genkey looks again.
func (r *run) checkLabel(op *plan.Op, slot string) error {
	if op.Kind != plan.GenKey || r.initialisedBefore(op, slot) || r.AllowExisting || !r.info(slot).Flags.Has(FlagTokenInitialized) {
		return nil
	}
	t := r.token(slot)
	if err := t.OpenSession(r.ctx); err != nil {
		return err
	}
	defer func() { _ = t.CloseSession(r.ctx) }()
	return r.foreign(op, slot, CKOPublicKey, CKOCertificate)
}

// foreign finds objects of the op's label whose CKA_ID no earlier run of this
// plan noted, as its own or as what it was told to add to, and that are not what an
// interrupted one left.
func (r *run) foreign(op *plan.Op, slot string, classes ...uint64) error {
	if r.AllowExisting {
		return nil
	}
	label, err := r.label(op)
	if err != nil {
		return err
	}
	for _, class := range classes {
		objects, err := r.token(slot).FindObjects(r.ctx, []Attribute{Ulong(CKAClass, class), Text(CKALabel, label)})
		if err != nil {
			return err
		}
		for _, o := range objects {
			attrs, err := r.token(slot).Attributes(r.ctx, o, CKAID)
			if err != nil {
				return err
			}
			if r.ours(attrs[0].Value) || r.beside[hex.EncodeToString(attrs[0].Value)] {
				continue
			}
			left, err := r.left(slot, attrs[0].Value)
			if err != nil {
				return err
			}
			if left && class != CKOCertificate {
				continue
			}
			e := &Error{Kind: Refused, Message: fmt.Sprintf("a %s with the label %q is on the token already, and this plan did not put it there", className(class), label),
				Advice: "remove it, give this key another label with KeyLabel, or say --existing add"}
			if by := r.Journals.Wrote(r.identities(), hex.EncodeToString(attrs[0].Value)); by != "" {
				e.Message = fmt.Sprintf("a %s with the label %q is on the token already: %s put it there, and this plan asks for something else under the label", className(class), label, by)
				e.Advice = "if the description, inscribe.toml or the profile changed since, say --existing replace to issue anew and delete it; else give this key another label with KeyLabel, or say --existing add"
			}
			if class != CKOCertificate && r.generating(slot, label) {
				e.Message = fmt.Sprintf("an earlier run was cut off while it generated this key, and the %s with the label %q and the CKA_ID %x is not known to be what it left", className(class), label, attrs[0].Value)
				e.Advice = "if nobody uses it, remove it with its other half and run the same command again; --existing add leaves it there and makes a key beside it"
			}
			return e
		}
	}
	return nil
}

func className(class uint64) string {
	return map[uint64]string{CKOData: "data object", CKOCertificate: "certificate", CKOPublicKey: "public key", CKOPrivateKey: "private key"}[class]
}

// ask puts the questions of the plan, once each.
func (r *run) ask() error {
	for _, d := range r.Plan.Dialogs {
		if d.Auto && r.hasPINPad(d.Slot) || r.Prompter == nil && r.Symbolic {
			continue
		}
		// A slot that the station's command makes has no token yet, and is asked for too.
		if r.dueIn(d.Slot, plan.OpenSlot) == nil {
			continue
		}
		a, err := r.Prompter.Ask(r.ctx, Question{Dialog: d, Token: r.info(d.Slot)})
		if r.ctx.Err() != nil {
			return interruption(r.ctx.Err())
		}
		if err != nil {
			answers := "--answer " + d.Keyword + "=…"
			if d.Entries == 3 {
				answers = "--answer " + d.Keyword + ".old=… " + answers
			}
			return &Error{Kind: Refused, Message: "asking for " + d.Keyword, Cause: err, Advice: "answer on a terminal, or with " + answers}
		}
		r.answers[d.Keyword] = a
	}
	return nil
}

// checkCredentials resolves every credential of an op and checks new values.
func (r *run) checkCredentials(op *plan.Op, slot string) error {
	ref := op.Credential
	if len(op.Cases) > 0 {
		ref = caseFor(op, slot)
	}
	if op.Kind == plan.Login || op.Kind == plan.InitToken {
		c, err := r.credential(ref, slot)
		if err != nil {
			return err
		}
		// A value of a length that the token cannot have is not right: it would
		// only cost a try.
		if err := r.checkValue(c, op, slot); err != nil {
			return err
		}
	}
	if op.Old != nil {
		c, err := r.credential(op.Old, slot)
		if err != nil {
			return err
		}
		if err := r.checkOld(c, op, slot); err != nil {
			return err
		}
	}
	if op.New == nil {
		return nil
	}
	c, err := r.credential(op.New, slot)
	if err != nil {
		return err
	}
	return r.checkValue(c, op, slot)
}

func caseFor(op *plan.Op, slot string) *plan.Ref {
	for _, c := range op.Cases {
		if c.Slot == slot {
			return c.Credential
		}
	}
	return nil
}
