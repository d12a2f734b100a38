package batch

import "inscribe/exec"

// byToken is what is known of tokens, by what identifies them without the label, and
// by the label. A label is missing where the profile knew that serial numbers are
// unique: it then stands for any, since an earlier call may have had another profile.
type byToken[V any] map[exec.Identity]map[string]V

func bare(id exec.Identity) exec.Identity {
	id.Label = ""
	return id
}

// put notes what is known of a token; nothing can be known of one without a name.
func (b byToken[V]) put(id exec.Identity, v V) {
	if !id.Named() {
		return
	}
	if b[bare(id)] == nil {
		b[bare(id)] = map[string]V{}
	}
	b[bare(id)][id.Label] = v
}

// of is what is known of a token, or the zero value.
func (b byToken[V]) of(id exec.Identity) V {
	labels := b[bare(id)]
	v, known := labels[id.Label]
	if known || !id.Named() {
		return v
	}
	if id.Label != "" {
		return labels[""]
	}
	for _, v = range labels {
		break
	}
	return v
}

// drop forgets what is known of a token.
func (b byToken[V]) drop(id exec.Identity) {
	if id.Label == "" {
		delete(b, bare(id))
		return
	}
	delete(b[bare(id)], id.Label)
	delete(b[bare(id)], "")
}
