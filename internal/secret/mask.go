package secret

import "bytes"

// Mask gives the text behind a place, with what is in it of some secrets cut out, also
// where these overlap, one is a part of another, or one begins before the place: each
// stretch becomes with. The beginning of a secret at the end of the text is cut out too,
// since the rest of it may be on its way.
func Mask(text []byte, from int, with string, secrets ...Secret) []byte {
	hidden := make([]bool, len(text))
	hide := func(from, to int) {
		for i := from; i < to; i++ {
			hidden[i] = true
		}
	}
	for _, s := range secrets {
		value := s.Reveal()
		if len(value) == 0 {
			continue
		}
		for at := 0; ; at++ {
			n := bytes.Index(text[at:], value)
			if n < 0 {
				break
			}
			at += n
			hide(at, at+len(value))
		}
		// One byte says too little to tell it from any other text.
		for n := min(len(value)-1, len(text)); n > 1; n-- {
			if bytes.HasSuffix(text, value[:n]) {
				hide(len(text)-n, len(text))
				break
			}
		}
	}
	var out []byte
	for i := from; i < len(text); i++ {
		switch {
		case !hidden[i]:
			out = append(out, text[i])
		case i == from || !hidden[i-1]:
			out = append(out, with...)
		}
	}
	return out
}
