package secret

import "testing"

// TestMask: the order of the secrets means nothing, nor that they overlap.
func TestMask(t *testing.T) {
	for _, c := range []struct {
		text    string
		secrets []string
		want    string
	}{
		{"PIN '1234', puk '12345678'", []string{"1234", "12345678"}, "PIN '*', puk '*'"},
		{"PIN '1234', puk '12345678'", []string{"12345678", "1234"}, "PIN '*', puk '*'"},
		{"x123456y", []string{"1234", "3456"}, "x*y"},
		{"1111111", []string{"1111"}, "*"},
		{"it is 123", []string{"1234"}, "it is *"},
		{"it is 1", []string{"1234"}, "it is 1"},
		{"", []string{"1234", ""}, ""},
	} {
		var secrets []Secret
		for _, s := range c.secrets {
			secrets = append(secrets, FromString(s))
		}
		if got := string(Mask([]byte(c.text), 0, "*", secrets...)); got != c.want {
			t.Errorf("%q gives %q, want %q", c.text, got, c.want)
		}
	}
	if got := string(Mask([]byte("the PIN is 1234 now"), 13, "*", FromString("1234"))); got != "* now" {
		t.Errorf("behind the middle of a secret: %q", got)
	}
}
