// Package bot tells visitors that are programs from people by the user agent they name. A verdict is a reason, so that whoever doubts a number can
// see what was left out of it and why.
//
// It looks at the visitor's own agent alone, never at the program that delivers events for others, and knows neither addresses nor behaviour: a
// program that calls itself a browser is taken for one.
//
//	rules, err := bot.New(config)
//	rules.Of("Mozilla/5.0 (compatible; Googlebot/2.1)") // "crawler"
package bot

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Config is the data behind Rules.
type Config struct {
	Version int // counts up with every change of the rules
	// Except are pieces of an agent that people have and that a rule would take for a program's. One * in a piece stands for any text.
	Except []string
	Rules  []Rule // the first that fits decides
}

// Rule gives a reason for agents that hold one of some pieces of text. A piece is written in lower case; ^ in front binds it to the agent's
// beginning, $ at the end to its end, and | at the end lets no letter follow.
type Rule struct {
	Reason string
	Any    []string
}

// MinPieceBytes is the shortest piece, without its marks: shorter ones are in every agent.
const MinPieceBytes = 3

// maxAgentBytes bounds what is read of an agent; events keep no more either.
const maxAgentBytes = 512

// Rules are checked and ready for use by many at a time.
type Rules struct {
	version int
	reasons []string
	pieces  index[piece]
	except  index[exception]
}

// piece is one piece of a rule.
type piece struct {
	text     string
	rule     int
	first    bool // the agent begins with it
	last     bool // the agent ends with it
	noLetter bool // no letter follows it
}

// New checks rules and prepares them. The error names every fault of the data.
func New(c Config) (*Rules, error) {
	count := 0
	for _, rule := range c.Rules {
		count += len(rule.Any)
	}
	r := &Rules{version: c.Version, pieces: newIndex[piece](count), except: newIndex[exception](len(c.Except))}
	var faults []error
	if c.Version < 1 {
		faults = append(faults, errors.New("versions begin with 1"))
	}
	for _, text := range c.Except {
		e, err := exceptionOf(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("exception %q: %w", text, err))
			continue
		}
		r.except.add(e.from, e)
	}
	seen := make(map[string]string, count)
	for n, rule := range c.Rules {
		if rule.Reason == "" || len(rule.Any) == 0 {
			faults = append(faults, fmt.Errorf("rule %d: it needs a reason and pieces", n+1))
		}
		if slices.Contains(r.reasons, rule.Reason) {
			faults = append(faults, fmt.Errorf("rule %d: reason %q has a rule already", n+1, rule.Reason))
		}
		r.reasons = append(r.reasons, rule.Reason)
		for _, written := range rule.Any {
			if owner, taken := seen[written]; taken {
				faults = append(faults, fmt.Errorf("reason %s, piece %q: %s has it already", rule.Reason, written, owner))
			}
			seen[written] = rule.Reason
			p, err := pieceOf(written, n)
			if err != nil {
				faults = append(faults, fmt.Errorf("reason %s, piece %q: %w", rule.Reason, written, err))
				continue
			}
			r.pieces.add(p.text, p)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return r, nil
}

func pieceOf(written string, rule int) (piece, error) {
	p := piece{rule: rule}
	p.text, p.first = strings.CutPrefix(written, "^")
	p.text, p.last = strings.CutSuffix(p.text, "$")
	p.text, p.noLetter = strings.CutSuffix(p.text, "|")
	return p, checkText(p.text)
}

func checkText(text string) error {
	if len(text) < MinPieceBytes {
		return fmt.Errorf("it must have %d bytes besides its marks", MinPieceBytes)
	}
	if strings.ToLower(text) != text {
		return errors.New("it must be in lower case")
	}
	return nil
}

// Version of the rules.
func (r *Rules) Version() int { return r.version }

// Reasons lists what Of may answer besides "", in the order of the rules.
func (r *Rules) Reasons() []string { return slices.Clone(r.reasons) }

// Of gives the reason why a user agent is no person's, "" when it may be a person's: an empty one too, because many clients name none. Nil rules
// find no bots.
func (r *Rules) Of(agent string) string {
	if r == nil || len(agent) < MinPieceBytes {
		return ""
	}
	var buffer [maxAgentBytes]byte
	lower := appendLower(buffer[:0], agent)
	found := r.first(lower)
	if found < 0 {
		return ""
	}
	if r.mask(lower) { // rare, and so looked at only now
		found = r.first(lower)
	}
	if found < 0 {
		return ""
	}
	return r.reasons[found]
}

func appendLower(lower []byte, agent string) []byte {
	for i := range min(len(agent), maxAgentBytes) {
		c := agent[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower = append(lower, c)
	}
	return lower
}

// mask blots out with zeros what is no sign of a program: the name of an Android device, and the exceptions. It says whether there was any.
func (r *Rules) mask(agent []byte) bool {
	device := deviceIn(agent)
	clear(device)
	masked := len(device) > 0
	for at := range len(agent) - MinPieceBytes + 1 {
		for _, e := range r.except.at(agent, at) {
			if found := e.in(agent[at:]); len(found) > 0 {
				masked = true
				clear(found)
			}
		}
	}
	return masked
}

// exception is a text, or all from one text to another.
type exception struct{ from, to string }

func exceptionOf(text string) (exception, error) {
	from, to, isRange := strings.Cut(text, "*")
	if err := checkText(from); err != nil || !isRange {
		return exception{from: from}, err
	}
	return exception{from, to}, checkText(to)
}

// in is the part that the exception stands for at the beginning of a text, nil when it does not stand there.
func (e exception) in(text []byte) []byte {
	if len(text) < len(e.from) || string(text[:len(e.from)]) != e.from {
		return nil
	}
	end := len(e.from)
	if e.to != "" {
		after := bytes.Index(text[end:], []byte(e.to))
		if after < 0 {
			return nil
		}
		end += after + len(e.to)
	}
	return text[:end]
}

// first is the first rule that fits; -1 when none does.
func (r *Rules) first(agent []byte) int {
	best := -1
	for at := range len(agent) - MinPieceBytes + 1 {
		for _, p := range r.pieces.at(agent, at) {
			if (best < 0 || p.rule < best) && p.at(agent, at) {
				best = p.rule
			}
		}
	}
	return best
}

// isLetter takes what was blotted out for a letter: an exception can only make fewer rules fit.
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || c == 0 }

// at says whether the piece stands at a place of the agent.
func (p piece) at(agent []byte, at int) bool {
	end := at + len(p.text)
	switch {
	case end > len(agent), p.first && at > 0, p.last && end < len(agent):
		return false
	case p.noLetter && end < len(agent) && isLetter(agent[end]):
		return false
	}
	return string(agent[at:end]) == p.text
}
