package exec

import (
	"context"
	"time"

	"inscribe/check/profile"
	"inscribe/plan"
)

// limitKey is the key of a limit in a context.
type limitKey struct{}

// WithLimit gives a context whose calls hang after the duration. It takes the place
// of the limits that a module has of its own, shorter or longer.
func WithLimit(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, limitKey{}, d)
}

// Limit gives the limit of the calls of a context, if it has one.
func Limit(ctx context.Context) (time.Duration, bool) {
	d, ok := ctx.Value(limitKey{}).(time.Duration)
	return d, ok
}

// limited is the context of the calls of a run: what the profile allows one of them,
// unless the operator has said it.
func (o *Options) limited(ctx context.Context) context.Context {
	if o.Plan == nil || o.CallLimit > 0 {
		return ctx
	}
	if d, known := seconds(o.Plan.Facts(), profile.CallSeconds); known {
		return WithLimit(ctx, d)
	}
	return ctx
}

// whileGenerating is the context of the call that generates a key. A card looks for the
// primes of an RSA key for as long as it takes, and the operator's limit is that of
// a call which hangs: it makes the profile's longer, never shorter.
func (r *run) whileGenerating(k *plan.Key) context.Context {
	if d, known := seconds(r.Plan.Facts(), generationFact(k)); known {
		return WithLimit(r.ctx, max(d, r.CallLimit))
	}
	if _, set := Limit(r.ctx); set && k.Type == "RSA" {
		return r.unlimited
	}
	return r.ctx
}

// generationFact is the fact about how long a key may take.
func generationFact(k *plan.Key) profile.FactName {
	switch {
	case k.Type != "RSA":
		return profile.ECSeconds
	case k.Bits <= 2048:
		return profile.RSA2048Seconds
	case k.Bits <= 3072:
		return profile.RSA3072Seconds
	}
	return profile.RSA4096Seconds
}

func seconds(facts *profile.Profile, name profile.FactName) (time.Duration, bool) {
	n, known := facts.Count(name)
	return time.Duration(n) * time.Second, known && n > 0
}
