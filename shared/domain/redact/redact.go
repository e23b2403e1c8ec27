// Package redact takes personal data and secrets out of texts: e-mail addresses, phone and card numbers, IBANs, tokens,
// passwords. What is found becomes a word in brackets, such as [email], and the rest stays as it was, so that addresses
// of pages still tell pages apart. It knows texts and JSON documents, and reads percent-encoding up to three times over.
//
// It finds what has a form. It does not find names, postal addresses, or what somebody hides on purpose; docs/privacy.md
// says so to users. Every function gives the same for the same input, changes nothing when applied to its own result, and
// takes time in proportion to the length.
//
//	redact.Text("https://shop.example/reset?mail=ada%40shop.example&utm_source=news")
//	// https://shop.example/reset?mail=[email]&utm_source=news
package redact

import (
	"cmp"
	"slices"
	"strings"
)

// The words that stand for what was found.
const (
	Email  = "[email]"
	Phone  = "[phone]"
	Card   = "[card]"
	IBAN   = "[iban]"
	Token  = "[token]"
	Secret = "[secret]" // a password, or what a field of such a name holds
	Name   = "[name]"
)

// Text redacts a text of any kind: an address of a page, a title, what somebody typed.
func Text(text string) string { return redacted(text, mails|bare) }

// Label redacts a text whose long numbers are ids, times or amounts: only what is written as a phone or a card is one, with
// a + and the country, or in groups of four.
func Label(text string) string { return redacted(text, mails) }

// Agent redacts a user agent as a label, and leaves e-mail addresses in it: no browser has one, and the address of who runs
// a program may be all that tells it from a person.
func Agent(text string) string { return redacted(text, 0) }

// extent is what is looked for besides what is looked for everywhere.
type extent uint8

const (
	mails extent = 1 << iota // addresses of mailboxes
	bare                     // phones and cards without + and groups
)

// passes is how often a text is looked at. What is replaced may leave something beside it that was a part of a longer
// word before; two passes are enough for all that is known of, and the tests look for more.
const passes = 8

func redacted(text string, of extent) string {
	for range passes {
		again := once(text, of)
		if again == text {
			return text
		}
		text = again
	}
	return text
}

// span is a part of a view, and the word that replaces it.
type span struct {
	from, to int
	word     string
}

// once replaces all that one look finds.
func once(text string, of extent) string {
	signs := signsOf(text)
	if signs == 0 {
		return text
	}
	v := view{text: text}
	if signs&encoded != 0 {
		v = decoded(text)
		signs = signsOf(v.text)
	}
	s := scanner{view: v, extent: of}
	if signs&paired != 0 {
		s.pairs()
	}
	if signs&addressed != 0 {
		s.userinfo()
		if of&mails != 0 {
			s.emails()
		}
	}
	if signs&worded != 0 {
		s.tokens()
	}
	if signs&counted != 0 {
		s.ibans()
		s.numbers()
	}
	return s.replaced(text)
}

// scanner collects what is found in a view.
type scanner struct {
	view
	extent
	found []span
	plain []span // values of parameters whose numbers are no phones and no cards
	login []span // what stands before the @ of a host
}

func (s *scanner) add(from, to int, word string) { s.found = append(s.found, span{from, to, word}) }

// replaced writes the text anew. Spans that overlap become one, under the word of the first.
func (s *scanner) replaced(text string) string {
	if len(s.found) == 0 {
		return text
	}
	if inOrder := func(a, b span) int { return cmp.Compare(a.from, b.from) }; !slices.IsSortedFunc(s.found, inOrder) {
		slices.SortStableFunc(s.found, inOrder)
	}
	merged := s.found[:1]
	for _, next := range s.found[1:] {
		last := &merged[len(merged)-1]
		if next.from < last.to {
			last.to = max(last.to, next.to)
			continue
		}
		merged = append(merged, next)
	}
	var out strings.Builder
	end := 0
	for _, m := range merged {
		out.WriteString(text[end:s.origin(m.from)])
		out.WriteString(m.word)
		end = s.origin(m.to)
	}
	out.WriteString(text[end:])
	return out.String()
}

// signs say what a text may hold; most hold nothing, and are not looked at again.
type signs uint8

const (
	addressed signs = 1 << iota // an @
	paired                      // an equals sign
	encoded                     // a percent sign before two hex digits
	counted                     // seven digits or more
	worded                      // a word of sixteen letters and digits or more, or what stands before a shorter secret
)

// Fewest characters of what is looked for.
const (
	fewestBytes  = 6 // a@b.co
	fewestDigits = 7
	fewestWord   = 10 // of base64 behind Basic, and of the dashes before BEGIN
	fewestToken  = 16
)

func signsOf(text string) signs {
	if len(text) < fewestBytes {
		return 0
	}
	found, digits, longest, word := signs(0), 0, 0, 0 // word is where the one at hand begins
	for i := 0; i < len(text); i++ {
		c := text[i]
		kind := class[c]
		if kind == letter {
			continue
		}
		if kind == digit {
			digits++
			continue
		}
		longest, word = max(longest, i-word), i+1
		switch c {
		case '@', 0xBC: // the second byte of a wide @ (U+FF20)
			found |= addressed
		case '=':
			found |= paired
		case '%':
			if i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]) {
				found |= encoded
			}
		}
	}
	longest = max(longest, len(text)-word)
	isAnnounced := longest >= fewestWord && (strings.Contains(text, keyBegins) || strings.Contains(text, "asic") || strings.Contains(text, "ASIC"))
	if longest >= fewestToken || isAnnounced {
		found |= worded
	}
	if digits >= fewestDigits {
		found |= counted
	}
	return found
}

// Classes of bytes.
const (
	other  = iota
	digit  // 0 to 9
	letter // a letter of ASCII, and what joins words of tokens: - and _
)

var class = [256]uint8{
	'0': digit, '1': digit, '2': digit, '3': digit, '4': digit, '5': digit, '6': digit, '7': digit, '8': digit, '9': digit,
	'a': letter, 'b': letter, 'c': letter, 'd': letter, 'e': letter, 'f': letter, 'g': letter, 'h': letter, 'i': letter,
	'j': letter, 'k': letter, 'l': letter, 'm': letter, 'n': letter, 'o': letter, 'p': letter, 'q': letter, 'r': letter,
	's': letter, 't': letter, 'u': letter, 'v': letter, 'w': letter, 'x': letter, 'y': letter, 'z': letter,
	'A': letter, 'B': letter, 'C': letter, 'D': letter, 'E': letter, 'F': letter, 'G': letter, 'H': letter, 'I': letter,
	'J': letter, 'K': letter, 'L': letter, 'M': letter, 'N': letter, 'O': letter, 'P': letter, 'Q': letter, 'R': letter,
	'S': letter, 'T': letter, 'U': letter, 'V': letter, 'W': letter, 'X': letter, 'Y': letter, 'Z': letter,
	'-': letter, '_': letter,
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// isWord says whether a byte is a letter or a digit, those beyond ASCII among them.
func isWord(c byte) bool { return isDigit(c) || isLetter(c) || c >= 0x80 }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
