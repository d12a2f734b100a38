package lsp

import (
	"context"

	"inscribe/lsp/protocol"
)

// turn waits until a document may be looked at. Small ones may at once. Of large
// ones, only one is looked at a time, whatever the client asks: ten requests about
// ten versions of 10 MB would hold a gigabyte. A version that is not the newest
// any more gets no turn, so that the newest one waits for one check at most. done
// must be called in the end; it is never nil.
func (s *server) turn(ctx context.Context, d *document) (done func(), err error) {
	if !d.large() {
		return func() {}, nil
	}
	select {
	case <-d.superseded.Done():
	default:
		select {
		case s.largeTurn <- struct{}{}:
			if !d.stale() {
				return func() { <-s.largeTurn }, nil
			}
			<-s.largeTurn
		case <-d.superseded.Done():
		case <-ctx.Done():
			return func() {}, fail(protocol.RequestCancelled, "cancelled")
		}
	}
	return func() {}, fail(protocol.ContentModified, "there is a newer version")
}
