package redact

import "strings"

// emails finds addresses of mailboxes: a name, @, and a domain that ends in a word. `logo@2x.png` is a picture, and
// `pkg@4.17.21` a version.
func (s *scanner) emails() {
	login := s.login
	for i := 0; i < len(s.text); i++ {
		for len(login) > 0 && login[0].to <= i {
			login = login[1:]
		}
		if len(login) > 0 && login[0].from <= i {
			continue
		}
		size := 1
		if s.text[i] != '@' {
			if s.text[i] != wideAt[0] || !strings.HasPrefix(s.text[i:], wideAt) {
				continue
			}
			size = len(wideAt)
		}
		from := i
		for from > 0 && isLocal(s.text[from-1]) && !s.endsWideAt(from) {
			from--
		}
		for from < i && strings.IndexByte(".'-", s.text[from]) >= 0 {
			from++
		}
		to := domainEnd(s.text, i+size)
		if from == i || to == 0 {
			continue
		}
		s.add(from, to, Email)
		i = to - 1
	}
}

// wideAt is the @ of full width, which NewIdentifier of package event reads as one.
const wideAt = "\uff20"

func (s *scanner) endsWideAt(i int) bool { return strings.HasSuffix(s.text[:i], wideAt) }

// isLocal says whether a byte may stand in the name of a mailbox as people have them.
func isLocal(c byte) bool { return isWord(c) || strings.IndexByte("._%+'-", c) >= 0 }

// domainEnd is where the domain that begins at a place ends; 0 when there is none. It ends behind the last label that
// can be a top-level domain.
func domainEnd(text string, from int) (end int) {
	labels := 0
	for i := from; i < len(text); labels++ {
		start := i
		for i < len(text) && (isWord(text[i]) || text[i] == '-' || text[i] == '_') && !strings.HasPrefix(text[i:], wideAt) {
			i++
		}
		if i == start || text[start] == '-' {
			break
		}
		if labels > 0 {
			if n := topLevel(text[start:i]); n > 0 {
				end = start + n
			}
		}
		if i >= len(text) || text[i] != '.' {
			break
		}
		i++
	}
	return end
}

// topLevel is how many bytes at the beginning of a label can be a top-level domain: two letters or more, or the form of
// one in another script. Endings of files are none.
func topLevel(label string) int {
	if strings.HasPrefix(label, "xn--") {
		return len(label)
	}
	n := 0
	for n < len(label) && (isLetter(label[n]) || label[n] >= 0x80) {
		n++
	}
	if n < 2 || n < len(label) && isDigit(label[n]) {
		return 0
	}
	switch strings.ToLower(label[:n]) {
	case "png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "ico", "css", "js", "mjs", "json", "html", "htm", "php", "pdf",
		"xml", "txt", "woff", "mp4", "webm":
		return 0
	}
	return n
}

// userinfo finds the name and password before the host of an address, which are left out: no address could be read with
// a word in brackets there.
func (s *scanner) userinfo() {
	for i := 0; ; {
		at := strings.Index(s.text[i:], "://")
		if at < 0 {
			return
		}
		from := i + at + len("://")
		i = from
		last := -1
		for i < len(s.text) && strings.IndexByte("/?#\"'<> \t\n", s.text[i]) < 0 {
			if s.text[i] == '@' {
				last = i
			}
			i++
		}
		if last >= 0 {
			s.add(from, last+1, "")
			s.login = append(s.login, span{from: from, to: last + 1})
		}
	}
}
