package redact

import "strings"

// The rules of numbers are:
//
// A number is a run of groups of digits with single marks between them. It is judged from each of its groups on that
// stands apart from letters, and from dashes and dots that join it to more: the digits of an id are no phone.
//
// A card has 15 to 19 digits in one group, or 4-4-4-4, 4-6-5 or 4-6-4, a prefix that cards have, and Luhn's check digit.
// 13 digits in one group are never a card, nor are 14: that is how the bar codes of articles look (EAN, GTIN), of which
// every tenth has Luhn's check digit by chance, and no cards of these lengths have been issued for long but with
// groups.
//
// Under a name that says id, time or amount, only a phone with + and a card in groups is one.
//
// A phone has + or 00 and a country before it, or the groups of North America (555-123-4567), or a leading 0 and a blank
// or slash behind the area, or a word such as tel before it. Other runs of digits are left alone: most are ids.

// group is a run of digits in a view.
type group struct{ from, to int }

func (g group) len() int { return g.to - g.from }

// mostGroups is how many groups the longest number has.
const mostGroups = 8

// numbers finds cards and phones.
func (s *scanner) numbers() {
	plain := s.plain
	for i := 0; i < len(s.text); {
		if !isDigit(s.text[i]) {
			i++
			continue
		}
		for len(plain) > 0 && plain[0].to <= i {
			plain = plain[1:]
		}
		if c := s.at(i - 1); isWord(c) || c == '_' || c == '-' || c == '.' {
			for i < len(s.text) && isDigit(s.text[i]) {
				i++
			}
			continue
		}
		var run [mostGroups]group
		groups := s.groups(i, &run)
		isBare := s.extent&bare != 0 && (len(plain) == 0 || plain[0].from > i)
		if n := s.card(groups); n > 1 || n == 1 && isBare {
			s.add(groups[0].from, groups[n-1].to, Card)
			i = groups[n-1].to
		} else if from, n := s.phone(groups); n > 0 && (isBare || s.text[from] == '+' || s.at(from+1) == '+') {
			s.add(from, groups[n-1].to, Phone)
			i = groups[n-1].to
		} else {
			i = groups[0].to
		}
	}
}

// groups reads a run of groups that begins at a place.
func (s *scanner) groups(at int, run *[mostGroups]group) []group {
	n := 0
	for i := at; n < mostGroups && isDigit(s.at(i)); n++ {
		run[n].from = i
		for i < len(s.text) && isDigit(s.text[i]) {
			i++
		}
		run[n].to = i
		i += s.gap(i)
	}
	return run[:n]
}

// gap is the length of what stands between two groups: one mark, or a parenthesis and a mark on either side.
func (s *scanner) gap(at int) int {
	n := 0
	for n < 3 {
		switch c := s.at(at + n); {
		case c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')' || c == '+':
			n++
		case c == 0xC2 && s.at(at+n+1) == 0xA0: // a blank that does not break
			n += 2
		default:
			return n
		}
	}
	return n
}

// mark is what stands before a group, one byte of it; 0 when nothing does.
func (s *scanner) mark(g group) byte {
	if c := s.at(g.from - 1); c != 0xA0 {
		return c
	}
	return ' '
}

// card is how many groups at the beginning of a run are a card's number; 0 for none.
func (s *scanner) card(run []group) int {
	first, n := run[0], 0
	switch {
	case first.len() >= 15 && first.len() <= 19:
		n = 1
	case first.len() == 4 && len(run) > 2 && run[1].len() == 6 && (run[2].len() == 5 || run[2].len() == 4):
		n = 3
	case first.len() == 4 && len(run) > 3 && run[1].len() == 4 && run[2].len() == 4 && run[3].len() == 4:
		n = 4
		if len(run) > 4 && run[4].len() <= 3 && s.mark(run[4]) != ' ' {
			n = 5
		}
	default:
		return 0
	}
	var digits [20]byte
	all := digits[:0]
	for i, g := range run[:n] {
		if i > 0 && (g.from != run[i-1].to+1 || strings.IndexByte(" -+.", s.mark(g)) < 0) && s.mark(g) != ' ' {
			return 0
		}
		if len(all)+g.len() > len(digits) {
			return 0
		}
		all = append(all, s.text[g.from:g.to]...)
	}
	if !s.endsAt(run[n-1].to) || !isCard(string(all)) {
		return 0
	}
	return n
}

// endsAt says whether a number can end here: nothing behind it joins it to more.
func (s *scanner) endsAt(at int) bool {
	c, next := s.at(at), s.at(at+1)
	return !isWord(c) && c != '_' && (c != '-' && c != '.' || !isWord(next))
}

// isCard says whether digits have a prefix and length that cards have, and Luhn's check digit.
func isCard(digits string) bool {
	if len(digits) < 12 || !hasPrefixOfCard(digits) {
		return false
	}
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func hasPrefixOfCard(digits string) bool {
	prefix := 0
	for _, c := range digits[:4] {
		prefix = prefix*10 + int(c-'0')
	}
	two, three := prefix/100, prefix/10
	switch len(digits) {
	case 14: // Diners Club
		return three >= 300 && three <= 305 || two == 36 || two == 38 || two == 39
	case 15: // American Express
		return two == 34 || two == 37
	case 16:
		isMastercard := two >= 51 && two <= 55 || prefix >= 2221 && prefix <= 2720
		isDiscover := prefix == 6011 || three >= 644 && three <= 649 || two == 65
		isOther := prefix >= 3528 && prefix <= 3589 || two == 62 || three >= 300 && three <= 305 || two == 36 // JCB, UnionPay, Diners
		return prefix/1000 == 4 || isMastercard || isDiscover || isOther || isMaestro(prefix)
	case 17, 18, 19:
		return two == 62 || isMaestro(prefix) || len(digits) == 19 && prefix/1000 == 4
	}
	return false
}

func isMaestro(prefix int) bool {
	switch prefix {
	case 5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763:
		return true
	}
	return false
}

// phone is where a phone's number begins and how many groups at the beginning of a run it has; 0 for none.
func (s *scanner) phone(run []group) (from, groups int) {
	first := run[0]
	from = first.from
	before := s.at(from - 1)
	if before == '(' {
		from--
		before = s.at(from - 1)
	}
	switch {
	case before == '+' && s.at(from-2) == '(' && s.at(first.to) == ')' && s.text[first.from] != '0':
		return from - 2, s.upTo(run, 8)
	case before == '+' && !isWord(s.at(from-2)) && strings.IndexByte("+)]", s.at(from-2)) < 0 && s.text[first.from] != '0':
		return from - 1, s.upTo(run, 8)
	case isWord(before) || strings.IndexByte("_-.#", before) >= 0: // before a parenthesis, too
		return 0, 0
	case s.followsWord(from):
		return from, s.upTo(run, fewestDigits)
	case before == '/':
		return from, s.northAmerican(run)
	case first.len() > 3 && strings.HasPrefix(s.text[first.from:], "00") && s.text[first.from+2] != '0',
		first.len() == 2 && s.text[first.from:first.to] == "00":
		if len(run) < 2 || s.mark(run[1]) != ' ' {
			return 0, 0
		}
		return from, s.upTo(run, 11)
	}
	if n := s.northAmerican(run); n > 0 {
		return from, n
	}
	return from, s.national(run)
}

// upTo is how many groups make a number of at most 17 digits and at least a few. One dot alone is that of a decimal number.
func (s *scanner) upTo(run []group, fewest int) int {
	const most = 17 // 15 of E.164 and 00
	total, n := 0, 0
	for n < len(run) && total+run[n].len() <= most {
		total += run[n].len()
		n++
	}
	for n > 0 && !s.endsAt(run[n-1].to) {
		n--
		total -= run[n].len()
	}
	dots := 0
	for i := 1; i < n; i++ {
		if s.mark(run[i]) == '.' {
			dots++
		}
	}
	if total < fewest || dots > 0 && dots < n-1 || dots == 1 && n == 2 {
		return 0
	}
	return n
}

// northAmerican is a number as (212) 555-0123, 212-555-0123 or 1-212-555-0123.
func (s *scanner) northAmerican(run []group) int {
	n := 3
	if len(run) > 3 && run[0].len() == 1 && s.text[run[0].from] == '1' && s.mark(run[1]) != '.' {
		run, n = run[1:], 4
	}
	if len(run) < 3 || run[0].len() != 3 || run[1].len() != 3 || run[2].len() != 4 {
		return 0
	}
	area, exchange := s.text[run[0].from], s.text[run[1].from]
	first, second := s.mark(run[1]), s.mark(run[2])
	inParentheses := s.at(run[0].from-1) == '(' && s.at(run[0].to) == ')'
	isJoined := first == second && (first == '-' || first == '.') || inParentheses && strings.IndexByte("- .", second) >= 0
	if area < '2' || exchange < '2' || !isJoined || !s.endsAt(run[2].to) {
		return 0
	}
	return n
}

// national is a number with a leading 0 and the area apart, as 030 1234567, 0171/1234567 or 01 23 45 67 89.
func (s *scanner) national(run []group) int {
	first := run[0]
	if len(run) < 2 || first.len() < 2 || first.len() > 6 || s.text[first.from] != '0' || s.text[first.from+1] == '0' {
		return 0
	}
	if len(run) > 4 && isPairs(run[:5]) && s.endsAt(run[4].to) && s.mark(run[1]) == s.mark(run[4]) && strings.IndexByte(" .-+", s.mark(run[1])) >= 0 {
		return 5
	}
	isDate := first.len() == 2 && run[1].len() == 2
	apart := s.mark(run[1])
	if isDate || first.len() < 3 && apart != '-' || strings.IndexByte(" /-+", apart) < 0 && s.at(first.to) != ')' {
		return 0
	}
	total, n := first.len(), 1
	for n < len(run) && total+run[n].len() <= 12 && run[n].len() > 1 && (n == 1 || strings.IndexByte(" -+", s.mark(run[n])) >= 0) {
		total += run[n].len()
		n++
	}
	if total < 9 || n < 2 || !s.endsAt(run[n-1].to) || apart == '-' && (n > 2 || run[1].len() < 6) {
		return 0
	}
	return n
}

func isPairs(run []group) bool {
	for _, g := range run {
		if g.len() != 2 {
			return false
		}
	}
	return true
}

// followsWord says whether a word for a phone stands before a place.
func (s *scanner) followsWord(at int) bool {
	end := at
	for end > 0 && at-end < 3 && strings.IndexByte(" .:=+", s.text[end-1]) >= 0 {
		end--
	}
	from := end
	for from > 0 && end-from < 12 && isWord(s.text[from-1]) {
		from--
	}
	if end == at {
		return false
	}
	switch strings.ToLower(s.text[from:end]) {
	case "tel", "telephone", "telefon", "telefono", "phone", "mobile", "mobil", "handy", "whatsapp", "fax", "tlf", "cell":
		return true
	}
	return false
}
