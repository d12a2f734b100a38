package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"inscribe/exec"
)

// Options say which module to run and how. Only Module must be set.
type Options struct {
	// Module is the path of the PKCS#11 library, or a bare name for the
	// system's loader to find.
	Module string
	// InitArgs goes to C_Initialize as pReserved, as NSS wants it. Empty gives
	// a null pointer.
	InitArgs string
	// Env is added to the few variables that the module sees. It may name
	// those of pkcs11-spy only with AllowSpy.
	Env map[string]string
	// Withheld names variables of this program's environment that hold values of
	// the run, so that the module must not see them, whatever their names.
	Withheld []string
	// AllowSpy lets the variables of pkcs11-spy through, which then writes
	// PINs to a file.
	AllowSpy bool
	// CallTimeout is the time that a call may take; 0 is [DefaultCallTimeout].
	// KeygenTimeout is that of an RSA key pair, which cards take minutes for; 0
	// is [DefaultKeygenTimeout]. The [exec.Limit] of a call's context takes their
	// place, and an earlier deadline of it wins.
	CallTimeout   time.Duration
	KeygenTimeout time.Duration
	// Stop ends the module when it is closed, whatever call is under way; nil is
	// never. A context ends no call that was begun: to tear a card out of a write is
	// worse than to wait.
	Stop <-chan struct{}
	// Waiting is told of a call that goes on although its context was cancelled, with
	// the time that it has left. It is called from a goroutine of its own.
	Waiting func(call string, left time.Duration)
	// Marks is a folder that the modules of a user leave marks in, made at first need:
	// none is started while the module of a program that was killed is in its last call.
	// Empty, or where no file can be made, is without.
	Marks string
	// Command starts the child; nil is this binary with [Arg].
	Command []string
}

// The time limits of a call where [Options] give none.
const (
	DefaultCallTimeout   = time.Minute
	DefaultKeygenTimeout = 10 * time.Minute
)

// closeTimeout is how long Close waits for a call under way, and then for
// C_Finalize.
const closeTimeout = 3 * time.Second

// Module is a PKCS#11 module in a child process. Its methods, and those of its
// tokens, may be used by several goroutines; calls run one after the other.
//
// Every error is an [*exec.Error] of kind [exec.Device] or, where a request was
// not even tried to be sent, [exec.Refused]. One that was not sent whole is Unshown.
type Module struct {
	options Options
	process *process
	conn    *conn
	turn    chan struct{}              // holds one token while a call runs
	stopped atomic.Pointer[exec.Error] // why we killed the child, if we did
	failure *exec.Error                // why no call works any more; under turn
}

// Start checks the file of the module, starts the child, loads the module in it
// and calls C_Initialize. ctx bounds these steps and not the life of the
// module. One that crashes in C_Initialize is started once more.
func Start(ctx context.Context, o Options) (*Module, error) {
	if o.CallTimeout <= 0 {
		o.CallTimeout = DefaultCallTimeout
	}
	if o.KeygenTimeout <= 0 {
		o.KeygenTimeout = DefaultKeygenTimeout
	}
	if o.Module == "" {
		return nil, &exec.Error{Kind: exec.Refused, Message: "no PKCS#11 module is named"}
	}
	if name, found := spyIn(o.Env); found && !o.AllowSpy {
		return nil, &exec.Error{Kind: exec.Refused,
			Message: "the environment for the module sets " + name + ", but a spy is not allowed",
			Advice:  "a spy writes PINs to a file: allow it only with test PINs"}
	}
	if err := checkLibrary(o.Module, runtime.GOOS, runtime.GOARCH); err != nil {
		return nil, err
	}
	if len(o.Command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, &exec.Error{Kind: exec.Local, Message: "cannot find this program's own file", Cause: err}
		}
		o.Command = []string{self, Arg}
	}
	m, crashed, err := startOnce(ctx, o)
	if crashed {
		// Nothing was done yet, and some crash by chance: SoftHSM2 does where another
		// process initialises a token in that moment.
		m, _, err = startOnce(ctx, o)
	}
	return m, err
}

// startOnce starts the child and the module in it. crashed says that the module ended
// its process by itself in C_Initialize.
func startOnce(ctx context.Context, o Options) (m *Module, crashed bool, err error) {
	left, err := awaitSurvivors(ctx, o)
	if err != nil {
		return nil, false, err
	}
	p, err := startProcess(o.Command, childEnvironment(os.Environ(), o.Env, o.Withheld, o.AllowSpy, runtime.GOOS), left)
	if err != nil {
		left.remove()
		return nil, false, &exec.Error{Kind: exec.Local, Message: "cannot start the module host", Cause: err}
	}
	m = &Module{options: o, process: p, conn: newConn(p, p.requests), turn: make(chan struct{}, 1)}
	if o.Stop != nil {
		go m.stopOn(o.Stop)
	}
	for _, req := range []*Request{
		{Method: MethodLoad, Module: o.Module},
		{Method: MethodInitialize, InitArgs: o.InitArgs},
	} {
		if _, err := m.callModule(ctx, req); err != nil {
			m.adviseStart(req.Method, err)
			m.shut()
			return nil, req.Method == MethodInitialize && m.failure != nil && m.stopped.Load() == nil, withoutText(err, o)
		}
	}
	return m, false, nil
}

// awaitSurvivors leaves the mark of a new module, once no other is in its last call.
func awaitSurvivors(ctx context.Context, o Options) (*mark, error) {
	if o.Marks == "" {
		return nil, nil
	}
	for end := time.Now().Add(o.CallTimeout); ; {
		m, survivor, err := leaveMark(o.Marks)
		if err != nil || survivor == "" {
			return m, nil // what cannot be written there, the run will say
		}
		late := time.Now().After(end)
		select {
		case <-o.Stop:
			late = true
		case <-ctx.Done():
			late = true
		case <-time.After(20 * time.Millisecond):
		}
		if late {
			return nil, &exec.Error{Kind: exec.Refused, Message: fmt.Sprintf("the program before was killed, and its module, process %s, is still in a call", survivor),
				Advice: "wait until that process has ended; to end it may leave half of what it writes on the token"}
		}
	}
}

// withoutText advises where a module found C_Initialize without the text that it
// wants. NSS does.
func withoutText(err error, o Options) error {
	if e, ok := err.(*exec.Error); ok && e.Call == MethodInitialize.String() && e.CKR == exec.CKRArgumentsBad && o.InitArgs == "" {
		e.Advice = "this module wants a text at initialisation: give it with init in station.toml"
	}
	return err
}

// PID is the process number of the child.
func (m *Module) PID() int { return m.process.cmd.Process.Pid }

// Output is the end of what the module has printed, as one line. What it printed during
// calls that carry a PIN is left out as far as that can be told, and the PINs wherever
// they are. After Close there is none.
func (m *Module) Output() string { return m.process.output.text() }

// Info is C_GetInfo.
func (m *Module) Info(ctx context.Context) (exec.ModuleInfo, error) {
	resp, err := m.callModule(ctx, &Request{Method: MethodInfo})
	return resp.Module, err
}

// Slots lists the slots that hold a token.
func (m *Module) Slots(ctx context.Context) ([]exec.Slot, error) {
	resp, err := m.callModule(ctx, &Request{Method: MethodSlots})
	return resp.Slots, err
}

// SlotsBeside lists as Slots does, but leaves the tokens of some slots alone, on
// which others are at work: of these the TokenInfo is zero.
func (m *Module) SlotsBeside(ctx context.Context, busy []exec.SlotID) ([]exec.Slot, error) {
	resp, err := m.callModule(ctx, &Request{Method: MethodSlots, Busy: busy})
	return resp.Slots, err
}

// SlotsAt lists as Slots does, but of these slots alone. It asks for no list, which
// makes some modules look at the cards in all readers, and wait for those at work.
func (m *Module) SlotsAt(ctx context.Context, ids []exec.SlotID) ([]exec.Slot, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	resp, err := m.callModule(ctx, &Request{Method: MethodSlots, Only: ids})
	return resp.Slots, err
}

// AllSlots lists the slots with a token and without, and looks at no token.
func (m *Module) AllSlots(ctx context.Context) ([]exec.Slot, error) {
	resp, err := m.callModule(ctx, &Request{Method: MethodReaders})
	return resp.Slots, err
}

// Readers names the slots, with a token or without.
func (m *Module) Readers(ctx context.Context) ([]string, error) {
	slots, err := m.AllSlots(ctx)
	var names []string
	for _, s := range slots {
		names = append(names, s.Description)
	}
	return names, err
}

// Token gives the calls on the token in a slot. It makes no call itself.
func (m *Module) Token(id exec.SlotID) exec.Token { return token{m, id} }

// Close calls C_Finalize, which ends all sessions, and ends the child. If the
// module does not answer within a few seconds, it is killed and the error says
// so. After Close the other methods fail; a second Close does nothing.
func (m *Module) Close() error {
	select {
	case m.turn <- struct{}{}:
	case <-time.After(closeTimeout):
		m.stop(&exec.Error{Kind: exec.Device, Message: "the module was closed during the call"})
		m.turn <- struct{}{}
	}
	defer func() { <-m.turn }()
	if m.failure != nil {
		m.shut()
		return nil
	}
	_, err := m.exchange(context.Background(), &Request{Method: MethodFinalize}, closeTimeout)
	m.shut()
	if m.failure == nil {
		m.failure = &exec.Error{Kind: exec.Device, Message: "the module is closed"}
	}
	return err
}

// shut ends the child for good and frees what belongs to it.
func (m *Module) shut() {
	m.process.closePipes()
	m.process.reap()
	m.process.output.end()
}

// call makes one call. The response is never nil.
func (m *Module) call(ctx context.Context, req *Request, pins ...exec.Credential) (*Response, error) {
	for _, p := range pins {
		if err := sendable(req.Method, p); err != nil {
			return &Response{}, err
		}
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return &Response{}, &exec.Error{Kind: exec.Refused, Call: req.Method.String(), Message: "not called", Cause: err, Unshown: true}
	}
	if m.failure != nil {
		return &Response{}, m.ended(req.Method)
	}
	return m.exchange(ctx, req, m.limit(ctx, req), pins...)
}

// adviseStart says what a module most often lacks that loads and does not start,
// and what it printed: few say it by their code.
func (m *Module) adviseStart(method Method, err error) {
	e, ok := err.(*exec.Error)
	if ok && method == MethodLoad {
		if name := m.options.Module; bare(name) && isFile(name) {
			e.Advice = fmt.Sprintf("a name without a folder is looked for where the system keeps libraries, and not here; the file that is here is .%c%s", os.PathSeparator, name)
		}
		return
	}
	if !ok || method != MethodInitialize || e.CKR == exec.CKROK {
		return
	}
	if out := lastPart(m.Output()); out != "" {
		e.Message += fmt.Sprintf("it printed %q", out)
	}
	switch e.CKR {
	case exec.CKRGeneralError, exec.CKRFunctionFailed, exec.CKRDeviceError, exec.CKRLibraryLoadFailed, exec.CKRTokenNotPresent, exec.CKRFunctionNotSupported:
		e.Advice = "see that the service or device runs that the module needs, as pcscd for cards, pkcsslotd for openCryptoki, a TPM for tpm2-pkcs11; then look into the module's own configuration"
	case exec.CKRArgumentsBad:
		e.Advice = "the module may want a text to start with: give it as init in station.toml"
	}
}

// callModule makes a call that is about no slot. Its error names the module, since
// a station has several.
func (m *Module) callModule(ctx context.Context, req *Request) (*Response, error) {
	resp, err := m.call(ctx, req)
	if e, ok := err.(*exec.Error); ok && e.Slot == "" && !strings.Contains(e.Message, m.options.Module) {
		e.Slot = "module " + m.options.Module
	}
	return resp, err
}

func sendable(method Method, p exec.Credential) error {
	var problem string
	switch {
	case p.PINPad:
	case !p.Secret.IsSet():
		problem = "no PIN was given"
	case p.Secret.Len() > MaxSecret:
		problem = fmt.Sprintf("a PIN of %d bytes is longer than any token takes", p.Secret.Len())
	}
	if problem == "" {
		return nil
	}
	return &exec.Error{Kind: exec.Refused, Call: method.String(), Message: problem, Unshown: true}
}

func (m *Module) limit(ctx context.Context, req *Request) time.Duration {
	if d, set := exec.Limit(ctx); set {
		return d
	}
	if req.Method == MethodGenerateKeyPair && req.Mechanism == exec.CKMRSAKeyPairGen {
		return max(m.options.KeygenTimeout, m.options.CallTimeout)
	}
	return m.options.CallTimeout
}

// exchange sends a request and waits for the answer. The caller has the turn.
func (m *Module) exchange(ctx context.Context, req *Request, limit time.Duration, pins ...exec.Credential) (*Response, error) {
	defer m.watch(ctx, req.Method, limit)()
	var pin, newPIN exec.Credential
	if len(pins) > 0 {
		pin = pins[0]
	}
	if len(pins) > 1 {
		newPIN = pins[1]
	}
	req.Limit = limit
	m.process.output.hide(pins)
	err := m.conn.sendRequest(req, pin, newPIN)
	unsent := err != nil // at least not whole, and of a part the child does nothing
	var resp *Response
	if !unsent {
		resp, err = m.conn.receiveResponse()
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			m.stop(&exec.Error{Kind: exec.Device, Message: "the module host gives no proper answer: " + err.Error()})
		}
	}
	if err != nil {
		m.failure = m.autopsy(req.Method)
		own := *m.failure // the caller may add to it
		own.Unshown = unsent
		return &Response{}, &own
	}
	if len(pins) > 0 {
		m.process.output.forget()
	}
	if f := resp.Failure; f != nil {
		call := f.Call
		if call == "" {
			call = req.Method.String()
		}
		return &Response{}, &exec.Error{Kind: exec.Device, Call: call, CKR: f.CKR, Message: f.Message, Advice: f.Advice}
	}
	return resp, nil
}

// watch kills the child if the call outlasts its limit or the deadline of its context,
// and tells of a call that outlasts the context itself. The function that it returns
// ends the watch.
func (m *Module) watch(ctx context.Context, method Method, limit time.Duration) (over func()) {
	hang := &exec.Error{Kind: exec.Device, Call: method.String(),
		Advice: "take the card out and put it in again; if the call is only slow, give it more time with --call-timeout or, for the generation of a key, in the profile"}
	if deadline, ok := ctx.Deadline(); ok {
		if left := time.Until(deadline); left < limit {
			limit, hang.Cause = left, context.DeadlineExceeded
		}
	}
	end := time.Now().Add(limit)
	timer := time.AfterFunc(limit, func() {
		hang.Message = fmt.Sprintf("no answer within %v; the module hangs and was stopped", inWords(limit))
		m.stop(hang)
	})
	if ctx.Done() == nil || m.options.Waiting == nil {
		return func() { timer.Stop() }
	}
	unhook := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			m.options.Waiting(method.String(), time.Until(end))
		}
	})
	return func() {
		timer.Stop()
		unhook()
	}
}

// inWords rounds a duration, but never to nothing.
func inWords(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return d
	}
	return d.Round(time.Millisecond)
}

// stopOn ends the module when the channel is closed.
func (m *Module) stopOn(stop <-chan struct{}) {
	select {
	case <-stop:
		m.stop(&exec.Error{Kind: exec.Device, Message: "the module was stopped in the middle of the call",
			Advice: "take the card out and put it in again, then run the same command again to go on"})
	case <-m.process.done:
	}
}

func (m *Module) stop(reason *exec.Error) {
	m.stopped.CompareAndSwap(nil, reason)
	m.process.kill()
}

// autopsy finds out why a call had no answer, and sees to the child's end.
func (m *Module) autopsy(method Method) *exec.Error {
	if !m.process.endsWithin(exitWait) {
		m.stop(&exec.Error{Kind: exec.Device, Message: "the module host closed its pipe"})
		m.process.endsWithin(exitWait)
	}
	e := &exec.Error{Kind: exec.Device, Message: m.process.fate(),
		Advice: "take the card out, put it in again and run the same command; if it happens again, call the vendor of the middleware"}
	if why := m.stopped.Load(); why != nil {
		advice := e.Advice
		*e = *why
		if e.Advice == "" {
			e.Advice = advice
		}
	}
	e.Call = method.String()
	if out := lastPart(m.process.output.text()); out != "" {
		e.Message += fmt.Sprintf("; it printed %q", out)
	}
	m.process.output.forget()
	return e
}

// ended is the error of every call after the one that was fatal.
func (m *Module) ended(method Method) *exec.Error {
	return &exec.Error{Kind: exec.Device, Call: method.String(), Message: "the module host has ended", Cause: m.failure, Advice: m.failure.Advice, Unshown: true}
}
