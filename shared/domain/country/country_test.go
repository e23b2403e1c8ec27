package country_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"waymark/shared/domain/country"
)

func TestCode(t *testing.T) {
	t.Parallel()
	for want, texts := range map[string][]string{
		"DE": {
			"DE", "de", "De", " DE ", "DEU", "deu", "276", "ＤＥ", "D\u200bE", "de-DE", "de_DE", "en-DE", "DE-BY", "DDR", "GER",
			"Germany", "GERMANY", "germany", " Germany. ", "Deutschland", "DEUTSCHLAND", "Allemagne", "Alemania", "Germania", "Duitsland", "Niemcy",
			"Federal Republic of Germany", "Germany, Federal Republic of", "Bundesrepublik Deutschland",
		},
		"GB": {
			"GB", "gb", "UK", "uk", "U.K.", "GBR", "826", "United Kingdom", "The United Kingdom", "Great Britain", "Britain", "England", "ENGLAND", "Scotland",
			"Wales", "Northern Ireland", "United Kingdom of Great Britain and Northern Ireland (the)", "Storbritannia", "Vereinigtes Königreich", "Großbritannien", "Royaume-Uni",
			"Reino Unido", "en-GB", "GB-SCT", "GB-ENG", "England & Wales", "Great Britain (UK)",
		},
		"US": {
			"US", "us", "USA", "usa", "U.S.", "U.S.A.", "840", "United States", "United States of America", "The United States of America", "UNITED STATES",
			"Vereinigte Staaten", "Vereinigte Staaten von Amerika", "États-Unis", "Etats-Unis", "EEUU", "EE. UU.", "Estados Unidos", "en-US", "en_US", "US-CA",
		},
		"GR": {"GR", "EL", "el", "GRC", "300", "Greece", "Hellas", "Griechenland", "Grèce", "Ελλάδα", "ΕΛΛΑΔΑ", "Hellenic Republic"},
		"KR": {
			"KR", "KOR", "410", "Korea, Republic of", "Republic of Korea", "Korea (Republic of)", "Korea, Rep.", "Korea", "South Korea", "Korea, South", "S. Korea",
			"Südkorea", "Suedkorea", "Corée du Sud", "Corea del Sur", "대한민국", "ko-KR",
		},
		"KP": {"KP", "PRK", "North Korea", "People's Republic of Korea", "Democratic Republic of Korea", "N. Korea", "Korea, Democratic People's Republic of", "Korea, Dem. People’s Rep.", "Nordkorea"},
		"CI": {"CI", "CIV", "384", "Côte d'Ivoire", "Cote d'Ivoire", "COTE D'IVOIRE", "Cote d’Ivoire", "Cote D Ivoire", "Cote dIvoire", "Co\u0302te d'Ivoire", "Ivory Coast", "Elfenbeinküste"},
		"CD": {"CD", "COD", "180", "Congo, Democratic Republic of the", "Democratic Republic of the Congo", "DR Congo", "Congo, Dem. Rep.", "Congo (Kinshasa)", "Zaire", "ZR", "DRC"},
		"CG": {"CG", "COG", "Congo", "Republic of the Congo", "Congo, Rep.", "Congo-Brazzaville"},
		"NL": {"NL", "Netherlands", "The Netherlands", "Netherlands (the)", "Holland", "Niederlande", "Pays-Bas", "Nederland", "Países Bajos"},
		"IE": {"IE", "Ireland", "EIRE", "Éire", "Republic of Ireland", "Irland"},
		"CZ": {"CZ", "Czech Republic", "Czechia", "Tschechien", "Česko", "Česká republika"},
		"TR": {"TR", "Turkey", "Türkiye", "TURKIYE", "Türkei", "Tuerkei", "Turquie"},
		"AT": {"AT", "Österreich", "Oesterreich", "OSTERREICH", "Austria", "Autriche", "040", "40"},
		"CH": {"CH", "Switzerland", "Schweiz", "Suisse", "Svizzera", "SUI", "it-CH"},
		"IT": {"IT", "Italy", "Italien", "Italia", "IT-CH"},
		"RU": {"RU", "Russia", "Russian Federation", "Россия", "РОССИЯ", "Russland"},
		"VN": {"VN", "Viet Nam", "Vietnam", "VIETNAM"},
		"IR": {"IR", "Iran", "Iran, Islamische Republik", "Iran, République islamique d'", "Iran, Islamic Republic of", "Iran (Islamic Republic of)"},
		"TZ": {"TZ", "Tanzania", "Tanzania, United Republic of"},
		"MD": {"MD", "Moldova", "Moldova, Republic of"},
		"BO": {"BO", "Bolivia", "Bolivia (Plurinational State of)"},
		"VE": {"VE", "Venezuela", "Venezuela, Bolivarian Republic of", "Venezuela, RB"},
		"MK": {"MK", "North Macedonia", "Macedonia", "Macedonia, the former Yugoslav Republic of", "Nordmazedonien"},
		"TW": {"TW", "Taiwan", "Taiwan, Province of China", "Republic of China", "台灣"},
		"CN": {"CN", "China", "People's Republic of China", "PRC", "中国", "zh-CN"},
		"HK": {"HK", "Hong Kong", "Hong Kong SAR China", "Hongkong"},
		"BA": {"BA", "Bosnia and Herzegovina", "Bosnia & Herzegovina", "Bosnien und Herzegowina"},
		"LC": {"LC", "St. Lucia", "St Lucia", "Saint Lucia"},
		"VI": {"VI", "Virgin Islands, U.S.", "U.S. Virgin Islands", "US Virgin Islands"},
		"VG": {"VG", "Virgin Islands, British", "British Virgin Islands"},
		"FM": {"FM", "Micronesia, Federated States of"},
		"AE": {"AE", "UAE", "United Arab Emirates", "Vereinigte Arabische Emirate"},
		"SA": {"SA", "Saudi Arabia", "KSA", "Kingdom of Saudi Arabia"},
		"ZA": {"ZA", "South Africa", "RSA", "Südafrika", "Suedafrika"},
		"BS": {"BS", "Bahamas", "Bahamas, The", "The Bahamas"},
		"GM": {"GM", "Gambia, The"},
		"RE": {"RE", "Réunion", "Reunion", "La Réunion"},
		"SE": {"SE", "Sweden", "Sverige", "Schweden", "Suède", "Kingdom of Sweden"},
		"JP": {"JP", "Japan", "日本", "ja-JP", "Japon"},
		"EG": {"EG", "Egypt", "Egypt, Arab Rep.", "Ägypten", "Aegypten", "مصر"},
		"IL": {"IL", "Israel", "ישראל"},
		"UA": {"UA", "Ukraine", "Україна", "Украина"},
		"XK": {"XK", "Kosovo", "XKX"},
		"NO": {"NO", "no", "Norway", "Norge", "nb-NO"},
		"NA": {"NA", "Namibia"},
		"AF": {"AF", "004", "4", "Afghanistan"},
		"MM": {"MM", "BU", "Burma", "Myanmar (Burma)"},
		"ES": {"ES", "IC", "Spain", "España", "ESPANA", "Kingdom of Spain", "Canary Islands"},
		"": {
			"", " ", "-", "?", "n/a", "N/A", "N.A.", "null", "undefined", "none", "(not set)", "(none)", "unknown", "Unspecified", "other", "Atlantis", "Europe",
			"EU", "European Union", "European Community", "Channel Islands", "America", "Africa", "Asia", "Virgin Islands", "Netherlands Antilles", "AN", "XX", "ZZ", "T1",
			"A1", "AP", "QQ", "0", "00", "000", "08", "04", "1", "999", "1000", "27", "0276", "-276", "D", "Berlin", "Republic", "The", "Kingdom of", "GermanyFrance", "DE,FR", "DE/FR",
			"Germany France", "en", "it-ch", "Yugoslavia", "YU", "SU", "\xff", "\x00", "=1+1", "{{country}}", "[object Object]", strings.Repeat("x", 4000),
		},
	} {
		for _, text := range texts {
			if got := country.Code(text); got != want {
				t.Errorf("Code(%q) = %q, want %q", text, got, want)
			}
		}
	}
}

// TestTable holds the table against ISO 3166-1: 249 countries and Kosovo, each with three codes; and against its own form.
func TestTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("countries.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 250 || !slices.IsSorted(lines) {
		t.Errorf("the table has %d lines, want 250, sorted", len(lines))
	}
	owners := map[string]string{}
	for _, line := range lines {
		head, names, _ := strings.Cut(line, "\t")
		codes := strings.Split(head, " ")
		if len(codes) < 3 || len(codes[0]) != 2 || len(codes[1]) != 3 || len(codes[2]) != 3 {
			t.Errorf("%q: want codes of two letters, three letters and three digits", head)
		}
		for _, code := range codes {
			if got := country.Code(code); got != codes[0] || owners[code] != "" {
				t.Errorf("Code(%q) = %q, want %q; the code is %s's too", code, got, codes[0], owners[code])
			}
			owners[code] = codes[0]
		}
		for name := range strings.SplitSeq(names, "|") {
			if country.Key(name) != name || owners["name "+name] != "" {
				t.Errorf("%s: %q is not in the form of Key, %q, or is %q's too", codes[0], name, country.Key(name), owners["name "+name])
			}
			owners["name "+name] = codes[0]
		}
	}
}

func FuzzCode(f *testing.F) {
	for _, text := range []string{"DE", "Korea, Republic of", "Co\u0302te d’Ivoire", "it-CH", "040", "ＤＥ", "\xff\u200b", "St. Lucia"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code := country.Code(text)
		if code != "" && (len(code) != 2 || strings.ToUpper(code) != code) {
			t.Errorf("Code(%q) = %q, want two capital letters or none", text, code)
		}
		if again := country.Code(code); again != code {
			t.Errorf("Code(%q) = %q, whose code is %q", text, code, again)
		}
		if utf8.ValidString(text) && country.Key(country.Key(text)) == "" && country.Key(text) != "" {
			t.Errorf("Key(%q) = %q, whose key is empty", text, country.Key(text))
		}
	})
}

func BenchmarkCode(b *testing.B) {
	for _, text := range []string{"DE", "deu", "Germany", "Korea, Republic of", "somewhere else"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				country.Code(text)
			}
		})
	}
}
