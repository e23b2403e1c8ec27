package country

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Key is the form in which names are compared: words in small letters without accents, sorted, without those that only join others. So "Korea, Republic
// of" is "Republic of Korea", and "Côte d'Ivoire" is "COTE D IVOIRE".
func Key(name string) string {
	folded := letters()
	var words []string
	var word strings.Builder
	isBehindApostrophe := false
	end := func() {
		if w := long(word.String()); !isSmall(w) && !(isBehindApostrophe && len(word.String()) == 1) {
			words = append(words, w)
		}
		word.Reset()
	}
	for _, r := range name {
		r = unicode.ToLower(r)
		if r >= utf8.RuneSelf {
			if latin, ok := folded[r]; ok {
				word.WriteString(latin)
				continue
			}
		}
		switch {
		case 'a' <= r && r <= 'z':
			word.WriteByte(byte(r))
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mc, r):
			word.WriteRune(r)
		case r == '.', unicode.Is(unicode.Mn, r): // U.S.A. is one word; an accent may stand beside its letter
		default:
			end()
			isBehindApostrophe = r == '\'' || r == '’'
		}
	}
	end()
	slices.Sort(words)
	return strings.Join(words, " ")
}

// plain makes characters of full width those of ASCII, and leaves out what cannot be seen.
func plain(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case unicode.Is(unicode.Cf, r):
		return -1
	}
	return r
}

// long writes out the words that names are often written short with.
func long(word string) string {
	switch word {
	case "st":
		return "saint"
	case "ste":
		return "sainte"
	case "rep":
		return "republic"
	case "dem":
		return "democratic"
	case "is":
		return "islands"
	case "n":
		return "north"
	case "s":
		return "south"
	}
	return word
}

// isSmall says whether a word only joins others, in the languages of the table; single Latin letters are what an apostrophe leaves.
func isSmall(word string) bool {
	switch word {
	case "the", "of", "and", "de", "la", "le", "les", "el", "los", "las", "der", "die", "das", "und", "et", "en", "og", "och", "ja":
		return true
	}
	return len(word) <= 1
}

// letters are those that are written in another way in Key.
var letters = sync.OnceValue(func() map[rune]string {
	out := map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ς': "σ", 'й': "и", 'ї': "і", 'ё': "е"}
	for latin, others := range map[string]string{
		"a": "àáâãäåāăąǎạảấầẩẫậắằẳẵặ", "c": "çćĉċč", "d": "ďđð", "e": "èéêëēĕėęěẹẻẽếềểễệ", "g": "ĝğġģ", "h": "ĥħ", "i": "ìíîïĩīĭįıỉị", "j": "ĵ", "k": "ķ",
		"l": "ĺļľłŀ", "n": "ñńņňŉ", "o": "òóôõöøōŏőơọỏốồổỗộớờởỡợ", "r": "ŕŗř", "s": "śŝşšș", "t": "ţťŧț", "u": "ùúûüũūŭůűųưụủứừửữự", "w": "ŵ",
		"y": "ýÿŷỳỵỷỹ", "z": "źżž", "α": "ά", "ε": "έ", "η": "ή", "ι": "ίϊΐ", "ο": "ό", "υ": "ύϋΰ", "ω": "ώ",
	} {
		for _, r := range others {
			out[r] = latin
		}
	}
	return out
})
