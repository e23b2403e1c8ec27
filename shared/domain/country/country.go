// Package country gives the ISO 3166-1 alpha-2 code of a country from what senders write: a code of two or three letters, a number, or a name.
//
// What it does not know it does not guess: "Atlantis", "EU", "Channel Islands" and "n/a" have no code. It knows neither places below a country nor
// where somebody is.
//
//	country.Code("deu")                // "DE"
//	country.Code("Korea, Republic of") // "KR"
//	country.Code("Cote d'Ivoire")      // "CI"
package country

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// Version counts up with every change of the table or of how texts are read: what was counted under another one is counted anew.
const Version = 1

// countries has a line for each country: its codes of two letters, three letters and three digits, then its names in the form of Key, with | between
// them. SOURCE.md says where they come from.
//
//go:embed countries.txt
var countries string

// table is countries, ready for looking up.
type table struct {
	codes map[string]string // codes of all kinds, in capital letters
	names map[string]string // by Key
}

var prepared = sync.OnceValue(prepare)

func prepare() table {
	t := table{make(map[string]string, 800), make(map[string]string, 2300)}
	for line := range strings.Lines(countries) {
		head, names, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		code := head[:2]
		for word := range strings.SplitSeq(head, " ") {
			t.codes[word] = code
		}
		for name := range strings.SplitSeq(names, "|") {
			t.names[name] = code
		}
	}
	return t
}

// Code gives the code of a country that is written as a code (DE, de, DEU, 276), as a name in English, in the country's own language or in one of
// fifteen others, or as a locale or a part of a country (de-DE, US-CA); "" for what is none of these. Case, accents, punctuation and the order of
// words do not matter. Numbers need not have their leading zeros. Codes that were withdrawn stand for a country where just one followed.
func Code(sent string) string {
	if sent == "" {
		return ""
	}
	t := prepared()
	if code, ok := t.codes[sent]; ok {
		return code
	}
	text := strings.TrimSpace(strings.Map(plain, sent))
	if len(text) <= 3 {
		if code, ok := t.codes[strings.ToUpper(text)]; ok {
			return code
		}
	}
	if isNumber(text) {
		return t.codes["000"[len(text):]+text]
	}
	if code := t.codes[partOf(text)]; code != "" {
		return code
	}
	key := Key(text)
	if code, ok := t.names[key]; ok {
		return code
	}
	return t.names[withoutForms(key)]
}

// isNumber says whether a text is three digits, or fewer from which the leading zeros were taken.
func isNumber(text string) bool {
	return text != "" && len(text) <= 3 && strings.Trim(text, "0123456789") == "" && (len(text) == 3 || text[0] != '0')
}

// partOf is the country in a locale such as de-DE, or in the code of a part of a country such as US-CA; "" in anything else. Capitals tell the two
// apart: it-CH is Italian in Switzerland, IT-CH is Chieti in Italy.
func partOf(text string) string {
	front, back, found := strings.Cut(strings.ReplaceAll(text, "_", "-"), "-")
	switch {
	case !found || len(front) != 2 || len(back) < 1 || len(back) > 3 || strings.ToUpper(back) != back:
		return ""
	case strings.ToUpper(front) == front:
		return front
	case strings.ToLower(front) == front && len(back) == 2:
		return back
	}
	return ""
}

// withoutForms is a name without the words that say of which form a state is: the Kingdom of Spain is Spain. It is asked for where the whole name is
// not known, so the Dominican Republic stays one.
func withoutForms(key string) string {
	words := slices.DeleteFunc(strings.Split(key, " "), func(word string) bool {
		switch word {
		case "republic", "kingdom", "federal", "democratic", "peoples", "people", "socialist", "islamic", "arab", "bolivarian", "plurinational", "state",
			"commonwealth", "principality", "sultanate", "emirate", "grand", "duchy",
			"republik", "bundesrepublik", "konigreich", "islamische", "arabische", "republique", "royaume", "islamique", "arabe", "republica", "reino", "islamica",
			"repubblica", "regno", "republiek", "koninkrijk", "islamitische", "republika", "republiken", "republikken":
			return true
		}
		return false
	})
	return strings.Join(words, " ")
}
