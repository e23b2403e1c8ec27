package event

import (
	"strings"
	"unicode"

	"waymark/shared/domain/fault"
)

// Identifier is one id of one kind, written kind:value, for example user:42 or email:a@b.c.
type Identifier string

// Kind is the kind of an identifier.
type Kind string

// The kinds, from the highest rank to the lowest. A link goes from a lower rank to a higher one.
const (
	User      Kind = "user"
	Email     Kind = "email"
	Phone     Kind = "phone"
	Loyalty   Kind = "loyalty"
	Device    Kind = "device"
	Anonymous Kind = "anon"
)

// Kinds lists the kinds from the highest rank to the lowest.
var Kinds = [...]Kind{User, Email, Phone, Loyalty, Device, Anonymous}

// Rank is 0 for the highest kind; unknown kinds rank below all.
func (k Kind) Rank() int {
	for i, known := range Kinds {
		if k == known {
			return i
		}
	}
	return len(Kinds)
}

// Kind is what stands before the first colon.
func (i Identifier) Kind() Kind {
	kind, _, _ := strings.Cut(string(i), ":")
	return Kind(kind)
}

// Value is what stands after the first colon.
func (i Identifier) Value() string {
	_, value, _ := strings.Cut(string(i), ":")
	return value
}

// Above says whether i has a higher rank than other.
func (i Identifier) Above(other Identifier) bool { return i.Kind().Rank() < other.Kind().Rank() }

// ParseIdentifier reads kind:value as people write it. Errors: fault.Invalid with code bad_identifier, bad_encoding, key_too_long or
// blocked_identifier.
func ParseIdentifier(text string) (Identifier, error) {
	kind, value, found := strings.Cut(text, ":")
	if !found || Kind(kind).Rank() == len(Kinds) {
		return "", fault.Newf(fault.Invalid, "bad_identifier",
			"an identifier is written kind:value with a kind of user, email, phone, loyalty, device or anon")
	}
	return NewIdentifier(Kind(kind), value)
}

// NewIdentifier checks and normalises one id. What cannot be seen makes no other id: invisible and direction characters are
// left out, dashes of all kinds are one, digits of full width are digits. E-mail addresses are trimmed and folded to small
// letters, phone numbers lose their punctuation. Everything else is kept byte for byte, because silent normalisation merges
// people. Errors are those of ParseIdentifier; blocked_identifier is for what is no id of anybody.
func NewIdentifier(kind Kind, value string) (Identifier, error) {
	value = strings.Map(seen, value)
	what := "is a filler value that many people share, such as null or 0"
	blocked := isFiller(value)
	switch kind {
	case Email:
		value = strings.Map(foldMail, strings.TrimSpace(value))
		if !blocked && !isMailbox(value) {
			blocked, what = true, "is no address of one person: it needs a name, @ and a domain, such as ada@shop.example"
		}
	case Phone:
		value = strings.Map(phoneRune, value)
		if !blocked && !isNumber(value) {
			blocked, what = true, "is no number of one person: it needs six digits that are not all the same"
		}
	}
	switch {
	case len(value) > MaxIdentifierBytes:
		return "", fault.Newf(fault.Invalid, "key_too_long", "the %s identifier has %d bytes, the limit is %d", kind, len(value), MaxIdentifierBytes)
	case strings.ContainsFunc(value, unicode.IsControl):
		return "", fault.Newf(fault.Invalid, "bad_identifier", "the %s identifier holds a control character", kind)
	case lossy(value):
		return "", fault.Newf(fault.Invalid, "bad_encoding", "the %s identifier %s", kind, lostCharacter)
	case blocked:
		return "", fault.Newf(fault.Invalid, "blocked_identifier", "the %s identifier %s", kind, what)
	}
	return Identifier(string(kind) + ":" + value), nil
}

const lostCharacter = "holds a character that was lost on the way (U+FFFD); send it as UTF-8"

// lossy says whether an id holds U+FFFD, which is what all bytes that are no UTF-8 and all halves of surrogate pairs are read as. Two ids that
// differ in such bytes alone would be one, and so would two people, two events or two orders.
func lossy(id string) bool { return strings.ContainsRune(id, unicode.ReplacementChar) }

// seen gives what a reader sees of a character: nothing of one that only formats, one dash for all, one digit for those of
// full width.
func seen(r rune) rune {
	switch {
	case r < 0x80:
		return r
	case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
		return -1
	case unicode.Is(unicode.Pd, r) || r == '\u2212':
		return '-'
	case r >= '０' && r <= '９':
		return r - '０' + '0'
	}
	return r
}

// foldMail makes a letter small, unless that makes another letter of it: İ is no i, and the sign of Kelvin no k.
func foldMail(r rune) rune {
	if r >= '！' && r <= '～' { // ASCII of full width, such as ＠
		r -= '！' - '!'
	}
	if small := unicode.ToLower(r); r < 0x80 || small >= 0x80 {
		return small
	}
	return r
}

// phoneRune takes punctuation out of a phone number and reads the digits of other scripts.
func phoneRune(r rune) rune {
	switch {
	case unicode.IsSpace(r) || strings.ContainsRune("-()./", r):
		return -1
	case r == '＋':
		return '+'
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	case r >= '०' && r <= '९':
		return r - '०' + '0'
	}
	return r
}
