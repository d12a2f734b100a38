package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// offsetOf is how many bytes of a JSON text are before the one that an error is about.
func offsetOf(err error) (int, bool) {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && syntax.Offset > 0:
		return int(syntax.Offset) - 1, true
	case errors.As(err, &wrong) && wrong.Offset > 0:
		return int(wrong.Offset) - 1, true
	}
	return 0, false
}

// placeIn is what stands behind so many bytes of a text, as "line:column" in characters.
func placeIn(raw []byte, offset int) string {
	before := string(raw[:min(offset, len(raw))])
	line := strings.LastIndexByte(before, '\n') + 1
	return fmt.Sprintf("%d:%d", strings.Count(before, "\n")+1, utf8.RuneCountInString(before[line:])+1)
}
