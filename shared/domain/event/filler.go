package event

import (
	"strings"
	"sync"
	"unicode"
)

// isFiller says whether a text stands where an id should be and is none: what programs print when they have no value, what
// people type into a field that they must fill in, and placeholders that nobody filled in. Many people share it, so joining
// people over it would make one person of them.
func isFiller(value string) bool {
	value = strings.ToLower(strings.TrimSpace(value))
	bare := strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(around, r) })
	joined := strings.Map(withoutJoints, bare)
	isCrossedOut := len(bare) >= 3 && len(bare) <= 8 && strings.Trim(bare, "x") == ""
	return strings.Trim(joined, "0") == "" || isCrossedOut || value == "-1" || bare == "k.a" ||
		noValue()[joined] || fieldNames()[joined] || sharedDevices()[bare] || sharedDevices()[joined] || isPlaceholder(value)
}

// around is what people and programs put around a word that is no value, such as (null), "null", [none] and 'n/a'.
const around = "\"'`´“”„‘’‚«»()[]{}<>$%#|*\\:;,.!?/-–—_~=@"

// withoutJoints takes out what joins the words of a filler, so that no-email, no_email and "No email" are one.
func withoutJoints(r rune) rune {
	if unicode.IsSpace(r) || strings.ContainsRune("-_./", r) {
		return -1
	}
	return r
}

// placeholders are how the languages of templates and scripts mark a value that is still to be filled in.
var placeholders = [...][2]string{
	{"{{", "}}"},
	{"${", "}"},
	{"#{", "}"},
	{"@{", "}"},
	{"$(", ")"},
	{"<%", "%>"},
	{"{%", "%}"},
	{"[[", "]]"},
	{"*|", "|*"},
	{"%%", "%%"},
	{"$$", "$$"},
	{"__", "__"},
	{"%(", ")s"},
	{"@@", "@@"},
}

// isPlaceholder takes {{user.id}} and its like, whatever stands inside, and %name%, {name}, <name> and [name] when a plain
// word does: a GUID may stand in braces too.
func isPlaceholder(value string) bool {
	for _, p := range placeholders {
		if len(value) > len(p[0])+len(p[1]) && strings.HasPrefix(value, p[0]) && strings.HasSuffix(value, p[1]) {
			return true
		}
	}
	if len(value) < 3 {
		return false
	}
	switch value[:1] + value[len(value)-1:] {
	case "%%", "{}", "<>", "[]":
		return !strings.ContainsFunc(value[1:len(value)-1], func(r rune) bool {
			return !unicode.IsLetter(r) && !strings.ContainsRune("_-. ", r)
		})
	}
	return false
}

// isMailbox says whether a text is the address of a mailbox that may be one person's: a name, @ and a domain, and the name no
// filler.
func isMailbox(value string) bool {
	at := strings.LastIndexByte(value, '@')
	if at <= 0 || strings.ContainsFunc(value, unicode.IsSpace) {
		return false
	}
	name, domain := value[:at], value[at+1:]
	isDomain := strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") &&
		!strings.Contains(domain, "..")
	joined := strings.Map(withoutJoints, name)
	return isDomain && !noValue()[joined] && !mailboxFillers()[joined] && !isPlaceholder(name) && !isPlaceholder(value)
}

// isNumber says whether a text without its punctuation may be somebody's phone number: six digits or more, not all the same.
func isNumber(value string) bool {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, value)
	return len(digits) >= 6 && strings.Trim(digits, digits[:1]) != ""
}

// wordsOf makes a set of words when it is asked for: no function pays for it before its first event.
func wordsOf(text string) func() map[string]bool {
	return sync.OnceValue(func() map[string]bool {
		set := map[string]bool{}
		for word := range strings.FieldsSeq(text) {
			set[word] = true
		}
		return set
	})
}

// noValue are words for no value, without blanks and marks.
var noValue = wordsOf(`
	null undefined none nil nan na void empty blank missing unset notset notavailable notapplicable notprovided notspecified
	notgiven unspecified novalue noid nullnull true false yes no objectobject anonymous anon anonymoususer guest guestuser
	unknown unknownuser someone somebody dummy fake placeholder todo tbd tba noemail nomail noreply donotreply
	nophone nonumber keine keiner kein keines keinangabe keineangabe nichtangegeben unbekannt leer nein ohne aucun aucune
	inconnu neant ninguno ninguna desconocido sindatos nessuno nessuna sconosciuto geen onbekend nvt ingen inget ukendt
	ukjent okänd brak nieznany nenhum nenhuma desconhecido yok bilinmiyor нет неизвестно なし 不明 无 沒有 没有 未知 없음
`)

// fieldNames are names of the field itself, and what examples have in it.
var fieldNames = wordsOf(`
	user userid username customerid clientid memberid contactid personid profileid anonymousid distinctid deviceid id uuid
	guid email emailaddress phonenumber test testuser tester example sample foobar loremipsum string integer test@test.com test@example.com example@example.com noreply@example.com
`)

// sharedDevices are ids that whole series of devices or emulators have.
var sharedDevices = wordsOf(`
	9774d56d682e549c 0123456789abcdef 012345678912345 012345678901234 004999010640000 358240051111110 020000000000
	02:00:00:00:00:00 ffffffffffffffffffffffffffffffff 0f607264fc6318a92b9e13c65db7cd3c
	00000000000000000000000000000000
`)

// mailboxFillers are names of mailboxes that nobody is.
var mailboxFillers = wordsOf(`nobody test testuser tester example sample foobar asdf qwerty xxx noreplay mailerdaemon`)
