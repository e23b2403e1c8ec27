package redact

import "strings"

// ibanLengths are the countries whose accounts have an IBAN, and how long it is.
const ibanLengths = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18" +
	"GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29" +
	"PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20"

// ibans finds account numbers, in one piece or in groups: those of the right length for their country, with the right
// check digits (ISO 7064, mod 97-10).
func (s *scanner) ibans() {
	for i := 0; i+4 <= len(s.text); i++ {
		if !isLetter(s.text[i]) || !isLetter(s.text[i+1]) || !isDigit(s.text[i+2]) || !isDigit(s.text[i+3]) {
			continue
		}
		if before := s.at(i - 1); isWord(before) || before == '_' || before == '-' {
			continue
		}
		if end := s.ibanEnd(i); end > 0 {
			s.add(i, end, IBAN)
			i = end - 1
		}
	}
}

func ibanLength(country string) int {
	for i := 0; i < len(ibanLengths); i += 4 {
		if ibanLengths[i:i+2] == country {
			return int(ibanLengths[i+2]-'0')*10 + int(ibanLengths[i+3]-'0')
		}
	}
	return 0
}

// ibanEnd is where the IBAN that begins at a place ends; 0 when there is none.
func (s *scanner) ibanEnd(from int) int {
	const longest = 34
	length := ibanLength(strings.ToUpper(s.text[from : from+2]))
	if length == 0 {
		return 0
	}
	var said [longest]byte
	n, i := 0, from
	for ; n < length && i < len(s.text); i++ {
		c := s.text[i]
		if (c == ' ' || c == '-' || c == '+') && n%4 == 0 && n > 0 && isWord(s.at(i+1)) {
			continue
		}
		if !isDigit(c) && !isLetter(c) {
			return 0
		}
		said[n] = c
		n++
	}
	if n < length || isWord(s.at(i)) || s.at(i) == '_' || !isIBAN(said[:n]) {
		return 0
	}
	return i
}

// isIBAN says whether the check digits are right: the text with its first four characters at the end, letters as 10 to
// 35, is 1 modulo 97.
func isIBAN(said []byte) bool {
	rest := 0
	for i := range said {
		c := said[(i+4)%len(said)]
		if isDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
			continue
		}
		rest = (rest*100 + int(c|0x20-'a') + 10) % 97
	}
	return rest == 1
}
