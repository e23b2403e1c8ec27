package scenarios

import (
	"fmt"
	"strings"
)

// words splits a line at spaces. Text in double quotes is one word, also within a word (name="Ann Smith"); a semicolon begins a comment.
// A comma ends a word and is a word of its own, except in quotes.
func words(line string) ([]string, error) {
	var out []string
	var word strings.Builder
	begun, quoted := false, false
	end := func() {
		if begun {
			out = append(out, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case r == '"':
			quoted, begun = !quoted, true
		case quoted:
			word.WriteRune(r)
		case r == ' ' || r == '\t':
			end()
		case r == ';':
			end()
			return out, nil
		case r == ',':
			end()
			out = append(out, ",")
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if quoted {
		return nil, fmt.Errorf("a quote is not closed")
	}
	end()
	return out, nil
}

// parts splits a list of words at its commas.
func parts(list []string) [][]string {
	out := [][]string{nil}
	for _, w := range list {
		if w == "," {
			out = append(out, nil)
			continue
		}
		out[len(out)-1] = append(out[len(out)-1], w)
	}
	return out
}
