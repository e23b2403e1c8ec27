package tablefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The rules for text are those of OWASP ASVS 5.0, 1.2.10, and a little stricter:
//
//   - A text that begins with = + - @ or one of their full-width forms, with a tab, a line end or NUL, gets an apostrophe in front: a
//     spreadsheet shows it and runs nothing.
//   - What cannot be seen does not count as a beginning: spaces, control characters, zero-width characters, byte order marks and code points
//     without a character are skipped, because some programs drop them when they open a file.
//   - Apostrophes in front do not count either, so a text that looks as if an apostrophe had been put there gets one more. Hence taking one
//     away where the rules ask for one gives back the text: see Original.
//   - Bytes that are not UTF-8 become U+FFFD.

// triggers begin a formula in some spreadsheet.
const triggers = "=+-@＝＋－＠"

var (
	errNotNumber = errors.New("the cell is not a decimal number")
	errNotTime   = errors.New("the cell is neither a date nor an instant with its offset")
)

// cellOf checks a cell and gives it as it is to stand in the file.
func cellOf(kind Kind, text string) (string, error) {
	switch kind {
	case Text:
		return harmless(text), nil
	case Number:
		if text != "" && !isNumber(text) {
			return "", errNotNumber
		}
	case Time:
		if text != "" && !isTime(text) {
			return "", errNotTime
		}
	default:
		return "", fmt.Errorf("there is no kind %q of column", kind)
	}
	return text, nil
}

// isNumber tells whether a text is a number as of JSON: no sign but a minus, no words, nothing around it.
func isNumber(text string) bool {
	beginsRight := text[0] == '-' || (text[0] >= '0' && text[0] <= '9')
	endsRight := text[len(text)-1] >= '0' && text[len(text)-1] <= '9'
	return beginsRight && endsRight && json.Valid([]byte(text))
}

func isTime(text string) bool {
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return true
	}
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

// harmless gives a text as it stands in a cell that no spreadsheet runs.
func harmless(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if needsApostrophe(text) {
		return "'" + text
	}
	return text
}

// Original gives the text that a cell of kind Text was made from: for whoever reads an export by program. Bytes that were not UTF-8 stay
// U+FFFD.
func Original(cell string) string {
	if strings.HasPrefix(cell, "'") && needsApostrophe(cell) {
		return cell[1:]
	}
	return cell
}

// needsApostrophe does not change its answer when an apostrophe is put in front: that makes Original exact.
func needsApostrophe(text string) bool {
	text = strings.TrimLeft(text, "'")
	if text == "" {
		return false
	}
	if strings.IndexByte("\t\r\n\x00", text[0]) >= 0 {
		return true
	}
	seen := strings.TrimLeftFunc(text, isUnseen)
	first, _ := utf8.DecodeRuneInString(seen)
	return seen != "" && strings.ContainsRune(triggers, first)
}

func isUnseen(r rune) bool {
	return !unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
