package probe

import (
	"cmp"
	"slices"
	"strings"

	"inscribe/check/profile"
	"inscribe/exec"
)

// firstPIN sets the user PIN as SO, and tells whether a user can log in then.
func (p *prober) firstPIN() bool {
	first := credential("the user PIN", p.o.User)
	if !p.user.IsSet() {
		p.must(p.token.OpenSession(p.ctx))
		p.open = true
		rv := p.rv(p.token.Login(p.ctx, exec.NormalUser, first))
		if rv == exec.CKROK {
			p.note("a user can log in although no user PIN was ever set")
			p.user = p.known("user")
		} else {
			p.note("a login before the first user PIN answers %s", rv)
		}
		if p.info.Flags.Has(exec.FlagUserPINInit) && rv != exec.CKROK {
			p.note("flags lie: CKF_USER_PIN_INITIALIZED is set before there is a user PIN")
		}
	}
	if rv := p.as("so"); rv != exec.CKROK {
		p.note("a login as SO answers %s", rv)
		if p.inited && !p.fresh {
			p.fact(profile.Reinit, false, "C_InitToken on an initialised token reports success, and afterwards the SO's login answers %s", rv)
		}
		return p.user.IsSet() && p.as("user") == exec.CKROK
	}
	if p.inited && !p.fresh {
		p.fact(profile.Reinit, true, "C_InitToken on an initialised token, and the SO's login afterwards")
	}
	rv := p.rv(p.token.InitPIN(p.ctx, first))
	if rv != exec.CKROK {
		p.fact(profile.InitPIN, false, "C_InitPIN as SO answers %s", rv)
		return p.user.IsSet() && p.as("user") == exec.CKROK
	}
	p.user = p.known("user")
	if rv := p.as("user"); rv != exec.CKROK {
		p.fact(profile.InitPIN, false, "C_InitPIN reports success, and the PIN does not open the token: %s", rv)
		return false
	}
	p.fact(profile.InitPIN, true, "C_InitPIN as SO, and the login with that PIN")
	p.read()
	if !p.info.Flags.Has(exec.FlagUserPINInit) {
		p.note("flags lie: CKF_USER_PIN_INITIALIZED is not set after C_InitPIN")
	}
	if p.info.Flags.Has(exec.FlagUserPINToChange) {
		p.note("CKF_USER_PIN_TO_BE_CHANGED is set after C_InitPIN")
	}
	if p.info.Flags.Has(exec.FlagSOPINToChange) {
		p.note("CKF_SO_PIN_TO_BE_CHANGED is set after C_InitPIN")
	}
	return true
}

// again initialises the token a second time.
func (p *prober) again() {
	if p.result.Fact(profile.InitToken) != true {
		return
	}
	p.close()
	before := p.info
	other := exec.CKROK
	if p.o.SpendTries {
		was, wrong := p.so, p.make("so", changed(p.so.Len()))
		p.mayBe("so", was.form, wrong.form)
		other = p.rv(p.token.InitToken(p.ctx, credential("a value made to be wrong", wrong.Secret), p.label))
		if other == exec.CKROK {
			p.fact(profile.ReinitNeedsSOPIN, false, "C_InitToken on an initialised token takes another SO PIN")
			p.so = wrong
			if p.as("so") != exec.CKROK {
				p.so = was
			}
			p.close()
		}
	}
	rv := p.rv(p.token.InitToken(p.ctx, credential("the SO PIN", p.so.Secret), p.label))
	if rv != exec.CKROK {
		p.fact(profile.Reinit, false, "C_InitToken on a token that is initialised already answers %s", rv)
		return
	}
	if other != exec.CKROK {
		p.fact(profile.ReinitNeedsSOPIN, true, "C_InitToken on an initialised token answers %s to another SO PIN, and takes its own", other)
	}
	p.find(before)
	p.reinit = true
	p.user = nobody
	p.need("")
	first := credential("the user PIN", p.o.User)
	if p.rv(p.token.Login(p.ctx, exec.NormalUser, first)) == exec.CKROK {
		p.note("the user PIN is still there after a second C_InitToken")
	}
	p.need("so")
	p.must(p.token.InitPIN(p.ctx, first))
	p.user = p.known("user")
}

// anew initialises the token once more, after its SO PIN was changed: some tokens
// let that pass and are of no use from then on.
func (p *prober) anew() {
	if !p.reinit || p.result.Fact(profile.Reinit) != nil {
		return
	}
	if p.result.Fact(profile.ChangePUK) == true && p.so.Equal(p.o.SO) {
		p.need("so")
		if rv, login := p.swap("so", changed(p.so.Len())); rv != exec.CKROK || login != exec.CKROK {
			p.fail(exec.Device, "", "C_SetPIN as SO, which worked before, answers %s, and the login afterwards %s", rv, login)
		}
	}
	p.close()
	before := p.info
	if rv := p.rv(p.token.InitToken(p.ctx, credential("the SO PIN", p.so.Secret), p.label)); rv != exec.CKROK {
		p.fact(profile.Reinit, false, "C_InitToken under an SO PIN that was changed answers %s", rv)
		return
	}
	p.find(before)
	p.user = nobody
	if rv := p.as("so"); rv != exec.CKROK {
		p.fact(profile.Reinit, false, "C_InitToken under an SO PIN that was changed reports success, and afterwards the SO's login answers %s", rv)
		p.note("a token is of no use once it was initialised under an SO PIN that was changed, and this one is of none now")
		p.so = p.known("so")
		return
	}
	p.fact(profile.Reinit, true, "C_InitToken on an initialised token, with its SO PIN, and the SO's login afterwards")
	p.must(p.token.InitPIN(p.ctx, credential("the user PIN", p.o.User)))
	p.user = p.known("user")
}

// changes tries C_SetPIN in each state. A change counts only if the new value
// opens the token.
func (p *prober) changes() {
	var where []string
	states := map[string]string{"": "with nobody logged in", "user": "as user"}
	for _, state := range []string{"user", ""} {
		p.need(state)
		if refused := p.setPIN("user"); refused == "" {
			where = append(where, states[state])
		} else {
			p.note("C_SetPIN %s %s", states[state], refused)
			if state == "" && strings.Contains(refused, exec.CKRPINIncorrect.String()) {
				p.note("C_SetPIN with nobody logged in takes the old value for a PUK, which that may have cost a try of")
			}
		}
	}
	if where == nil {
		p.fact(profile.ChangePIN, false, "C_SetPIN changes the user PIN neither with nobody logged in nor as user")
	} else {
		p.fact(profile.ChangePIN, true, "C_SetPIN %s, and the login with the new PIN", strings.Join(where, " and "))
		p.fact(profile.ChangeByUser, !slices.Contains(where, states[""]), "C_SetPIN works %s", strings.Join(where, " and "))
	}
	if p.as("so") != exec.CKROK {
		return
	}
	refused := p.setPIN("so")
	p.fact(profile.ChangePUK, refused == "", "C_SetPIN as SO %s", map[bool]string{true: "changes the SO PIN", false: refused}[refused == ""])
}

// setPIN changes a value in the open session and back again, and gives what was
// wrong with it, "" for nothing.
func (p *prober) setPIN(who string) string {
	was, to := p.at(who).form, changed(p.at(who).Len())
	if was == to {
		to = given
	}
	switch rv, login := p.swap(who, to); {
	case rv != exec.CKROK:
		return "answers " + rv.String()
	case login != exec.CKROK:
		return "reports success, and the new value does not open the token: " + login.String()
	}
	rv, login := p.swap(who, was)
	if rv == exec.CKROK && login == exec.CKROK {
		return ""
	}
	p.oneWay[who] = true
	if who == "so" {
		p.note("C_SetPIN as SO does not set the former SO PIN again: %s", cmp.Or(rv, login))
		p.need(who)
		return ""
	}
	return "works once, and answers " + cmp.Or(rv, login).String() + " on the way back"
}

// lengths finds the shortest and the longest PIN that are taken, and what PINs are
// made of. What CK_TOKEN_INFO claims is tried.
func (p *prober) lengths() {
	if takes, call := p.setter(); takes != nil {
		p.limits(profile.PINMin, profile.PINMax, p.user.Len(), takes)
		alphabet := "digits"
		if takes(letters(p.user.Len())) {
			alphabet = "any"
		}
		p.fact(profile.PINAlphabet, alphabet, "%s with letters and signs", call)
		if p.user.form != given && !takes(given) {
			p.fail(exec.Device, "initialise the token anew", "the user PIN could not be set back; it is %s", p.user.form)
		}
	}
	if p.result.Fact(profile.ChangePUK) == true {
		p.limits(profile.PUKMin, profile.PUKMax, p.so.Len(), func(f Form) bool { return p.takes("so", f) })
	}
}

// setter gives a call that sets the user PIN and shows that it holds, and that
// works with the PIN that was given: as SO, or else as the user.
func (p *prober) setter() (takes func(Form) bool, call string) {
	if p.result.Fact(profile.InitPIN) == true && p.initPIN(given) {
		p.fact(profile.PUKIs, "so-pin", "C_InitPIN under the SO PIN sets another user PIN")
		return p.initPIN, "C_InitPIN"
	}
	if p.result.Fact(profile.ChangePIN) != true {
		return nil, ""
	}
	p.note("once there is a user PIN, C_InitPIN does not set another one")
	return func(f Form) bool { return p.takes("user", f) }, "C_SetPIN"
}

// initPIN reports whether C_InitPIN sets a value that then opens the token. Where it
// reports success and that does not, the former value is set anew, as SO.
func (p *prober) initPIN(f Form) bool {
	if p.as("so") != exec.CKROK {
		return false
	}
	was := p.user
	set := func(v pinValue) exec.CKR {
		p.user = v
		return p.rv(p.token.InitPIN(p.ctx, credential("a user PIN", v.Secret)))
	}
	p.mayBe("user", was.form, f)
	if set(p.make("user", f)) != exec.CKROK {
		p.user = was
		return false
	}
	if p.as("user") == exec.CKROK {
		return true
	}
	p.need("so")
	if rv := set(was); rv != exec.CKROK {
		p.fail(exec.Device, "initialise the token anew", "after C_InitPIN the new value does not open the token, and the old one is not taken again: %s", rv)
	}
	p.need("user")
	return false
}

// longest is the longest PIN that is tried: no token is known to take more.
const longest = 1024

// limits finds the least and the greatest length that are taken. good is one that
// is; the claims of the token are where the search begins.
func (p *prober) limits(low, high profile.FactName, good int, takes func(Form) bool) {
	ok := func(n int) bool { return takes(changed(n)) }
	least := min(max(p.info.MinPIN, 1), good)
	for least < good && !ok(least) {
		least++
	}
	for least > 1 && ok(least-1) {
		least--
	}
	if least == 1 && p.info.MinPIN == 0 {
		least = 0 // an empty one is nothing that anybody should try
	}
	claim := func(n int) string {
		if n == int(exec.Unavailable) {
			return "CK_TOKEN_INFO tells nothing"
		}
		return "CK_TOKEN_INFO says " + decimal(n)
	}
	p.fact(low, least, "%s, and lengths around it were tried", claim(p.info.MinPIN))
	if least != p.info.MinPIN {
		p.note("CK_TOKEN_INFO lies about the shortest value (%s): it is %d, and not %d", low, least, p.info.MinPIN)
	}
	most := max(p.info.MaxPIN, good)
	switch {
	case most > longest:
		p.note("values of more than %d characters were not tried (%s)", longest, high)
	case most == good || ok(most):
		// A token that takes more than it says has a limit elsewhere, or none.
		claimed := most
		top := min(2*most, longest)
		for most < top && ok(most+1) {
			most++
		}
		if most == top && claimed < top && claimed == p.info.MaxPIN {
			p.note("values of up to %d characters are taken, and that is no limit (%s); CK_TOKEN_INFO says %d", top, high, claimed)
			most = claimed // what the token stands for
		}
	default:
		below, above := good, most
		for above-below > 1 {
			if middle := (below + above) / 2; ok(middle) {
				below = middle
			} else {
				above = middle
			}
		}
		most = below
	}
	p.fact(high, most, "%s, and lengths around it were tried", claim(p.info.MaxPIN))
	if most != p.info.MaxPIN {
		p.note("CK_TOKEN_INFO lies about the longest value (%s): it is %d, and not %d", high, most, p.info.MaxPIN)
	}
}

// wrongs is how many wrong PINs are shown to a token that never locks.
const wrongs = 20

// spend shows wrong PINs until the token locks, looks at its flags on the way, and
// unlocks it. It reports whether the token is open afterwards.
func (p *prober) spend() (usable bool) {
	wrong := func() exec.CKR {
		return p.rv(p.token.Login(p.ctx, exec.NormalUser, credential("a value made to be wrong", p.digits(p.user.Len()))))
	}
	var flags []exec.TokenFlags
	locked := 0
	p.need("")
	for n := 1; n <= wrongs && locked == 0; n++ {
		rv := wrong()
		p.read()
		flags = append(flags, p.info.Flags)
		switch {
		case rv.Locked():
			locked = n
		case rv == exec.CKROK:
			p.fail(exec.Device, "", "a value made to be wrong opened the token")
		case !rv.WrongPIN():
			p.note("wrong PIN number %d answers %s", n, rv)
			return false
		}
	}
	if locked == 0 {
		right := p.as("user")
		p.fact(profile.Locks, right != exec.CKROK, "%d wrong PINs, after which the right one answers %s", wrongs, right)
		if right != exec.CKROK {
			p.fact(profile.Retries, wrongs, "%d wrong PINs", wrongs)
			return p.unlock()
		}
		p.read()
		low := flags[0].Has(exec.FlagUserPINCountLow)
		stays := p.info.Flags.Has(exec.FlagUserPINCountLow)
		warns := slices.ContainsFunc(flags, func(f exec.TokenFlags) bool { return f.Has(exec.FlagUserPINLocked) || f.Has(exec.FlagUserPINFinalTry) })
		p.fact(profile.HonestFlags, low && !stays && !warns, "CKF_USER_PIN_COUNT_LOW after a wrong PIN: %t, after the right one: %t; a warning of a lock that never comes: %t", low, stays, warns)
		return true
	}
	p.fact(profile.Locks, true, "wrong PIN number %d answers that the PIN is locked", locked)
	was := func(n int, f exec.TokenFlags) bool { return n >= 1 && flags[n-1].Has(f) }
	retries := locked
	if usable = p.unlock(); usable {
		// Whether the last wrong PIN locked, or the one before it, a right one tells.
		p.need("")
		for n := 1; n < locked; n++ {
			wrong()
		}
		if p.as("user") != exec.CKROK {
			retries--
			usable = p.unlock()
		}
		p.fact(profile.Retries, retries, "after %d wrong PINs the right one is refused", retries)
	} else if was(locked, exec.FlagUserPINLocked) {
		if was(locked-1, exec.FlagUserPINLocked) {
			retries--
		}
		p.fact(profile.Retries, retries, "CKF_USER_PIN_LOCKED is set after %d wrong PINs", retries)
	}
	low := was(1, exec.FlagUserPINCountLow)
	final := retries < 2 || was(retries-1, exec.FlagUserPINFinalTry)
	shown := was(locked, exec.FlagUserPINLocked)
	if !low && retries > 1 {
		p.note("CKF_USER_PIN_COUNT_LOW is not set after a wrong PIN")
	}
	p.fact(profile.HonestFlags, final && shown, "CKF_USER_PIN_COUNT_LOW after a wrong PIN: %t, CKF_USER_PIN_FINAL_TRY before the last: %t, CKF_USER_PIN_LOCKED when it is: %t", low, final, shown)
	return usable
}

// unlock sets the PIN anew as SO.
func (p *prober) unlock() bool {
	if rv := p.as("so"); rv != exec.CKROK {
		p.note("a locked user PIN locks the SO out too: %s", rv)
		return false
	}
	if rv := p.rv(p.token.InitPIN(p.ctx, credential("the user PIN", p.user.Secret))); rv != exec.CKROK {
		p.note("C_InitPIN on a locked PIN answers %s", rv)
		return false
	}
	if rv := p.as("user"); rv != exec.CKROK {
		p.note("C_InitPIN does not unlock the PIN: %s", rv)
		return false
	}
	return true
}
