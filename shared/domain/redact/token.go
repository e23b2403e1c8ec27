package redact

import (
	"encoding/base64"
	"strings"
)

// prefix is how the tokens of a kind begin, and how long they are at least.
type prefix struct {
	text   string
	length int
}

// prefixes of tokens, by those who issue them: Stripe, Waymark, GitHub, GitLab, Slack, OpenAI, Google, SendGrid, npm, PyPI, Shopify,
// Hugging Face, DigitalOcean.
var prefixes = [...]prefix{
	{"sk_", 16},
	{"ws_", 29},
	{"rk_live_", 16},
	{"rk_test_", 16},
	{"whsec_", 20},
	{"ghp_", 20},
	{"gho_", 20},
	{"ghu_", 20},
	{"ghs_", 20},
	{"ghr_", 20},
	{"github_pat_", 24},
	{"glpat-", 20},
	{"xoxb-", 16},
	{"xoxp-", 16},
	{"xoxa-", 16},
	{"xoxr-", 16},
	{"xapp-", 16},
	{"sk-", 24},
	{"AIza", 39},
	{"ya29.", 20},
	{"GOCSPX-", 24},
	{"SG.", 24},
	{"npm_", 20},
	{"pypi-", 20},
	{"shpat_", 20},
	{"shpss_", 20},
	{"hf_", 24},
	{"dop_v1_", 20},
}

const (
	keyBegins = "-----BEGIN "
	keyEnds   = "-----END "
)

// tokens finds secrets by their forms: known prefixes, keys of AWS, JSON Web Tokens, what follows Bearer and Basic, and private keys.
func (s *scanner) tokens() {
	s.privateKeys()
	for i := 0; i < len(s.text); {
		if !isTokenByte(s.text[i]) {
			i++
			continue
		}
		from := i
		for i < len(s.text) && isTokenByte(s.text[i]) {
			i++
		}
		if i-from < fewestToken {
			if word := s.text[from:i]; i-from >= fewestWord && s.follows(from, "basic") && isLogin(word) {
				s.add(from, i+s.padding(i), Token)
			}
			continue
		}
		end := from + len(strings.TrimRight(s.text[from:i], ".-"))
		if end-from >= fewestToken && s.isToken(from, end) {
			s.add(from, end+s.padding(end), Token)
		}
	}
}

func isTokenByte(c byte) bool { return class[c] != other || c == '.' }

// padding is how many = stand behind base64.
func (s *scanner) padding(at int) (n int) {
	for n < 2 && s.at(at+n) == '=' {
		n++
	}
	return n
}

func (s *scanner) isToken(from, to int) bool {
	word := s.text[from:to]
	switch {
	case strings.HasPrefix(word, "eyJ"):
		header, _, isSigned := strings.Cut(word, ".")
		return isSigned && len(header) >= 10 || len(word) >= 40
	case len(word) == 20 && (strings.HasPrefix(word, "AKIA") || strings.HasPrefix(word, "ASIA")):
		return strings.ToUpper(word) == word && !strings.ContainsAny(word, "-_.")
	case s.follows(from, "bearer") || s.follows(from, "token"):
		return strings.ContainsAny(word, "0123456789")
	case s.follows(from, "basic"):
		return isLogin(word)
	}
	for _, p := range prefixes {
		if len(word) >= p.length && strings.HasPrefix(word, p.text) {
			return true
		}
	}
	return false
}

// follows says whether a word and a blank stand before a place.
func (s *scanner) follows(at int, word string) bool {
	from := at - 1 - len(word)
	if from < 0 || s.text[at-1] != ' ' && s.text[at-1] != '+' || from > 0 && isWord(s.text[from-1]) {
		return false
	}
	return strings.EqualFold(s.text[from:at-1], word)
}

// isLogin says whether a word is base64 of a name, a colon and a password.
func isLogin(word string) bool {
	raw, err := base64.RawStdEncoding.DecodeString(word)
	return err == nil && strings.Contains(string(raw), ":")
}

// privateKeys finds blocks in the form of PEM.
func (s *scanner) privateKeys() {
	for i := 0; ; {
		at := strings.Index(s.text[i:], keyBegins)
		if at < 0 {
			return
		}
		from := i + at
		i = from + len(keyBegins)
		line, rest, _ := strings.Cut(s.text[i:], "-----")
		if !strings.HasSuffix(line, "PRIVATE KEY") {
			continue
		}
		to := len(s.text)
		if end := strings.Index(rest, keyEnds); end >= 0 {
			to = len(s.text) - len(rest) + end + len(keyEnds)
			if _, after, found := strings.Cut(s.text[to:], "-----"); found {
				to = len(s.text) - len(after)
			}
		}
		s.add(from, to, Secret)
		i = to
	}
}
