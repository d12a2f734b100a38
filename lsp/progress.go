package lsp

import "inscribe/lsp/protocol"

// work reports on what takes a while. Without a token of the client it reports
// nothing.
type work struct {
	server  *server
	token   protocol.ProgressToken
	percent int
}

func (s *server) begin(token protocol.ProgressToken, title string) *work {
	w := &work{server: s, token: token, percent: -1}
	zero := uint32(0)
	w.send(protocol.WorkDoneProgress{Kind: "begin", Title: title, Cancellable: true, Percentage: &zero})
	return w
}

// report says how far the work is, at most once a percent.
func (w *work) report(done, of int, message string) {
	percent := 100 * done / max(of, 1)
	if percent == w.percent {
		return
	}
	w.percent = percent
	p := uint32(percent)
	w.send(protocol.WorkDoneProgress{Kind: "report", Message: message, Percentage: &p})
}

func (w *work) end() { w.send(protocol.WorkDoneProgress{Kind: "end"}) }

func (w *work) send(p protocol.WorkDoneProgress) {
	if len(w.token) > 0 && string(w.token) != "null" {
		w.server.notify("$/progress", protocol.ProgressParams{Token: w.token, Value: p})
	}
}
