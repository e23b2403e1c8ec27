package strictjson

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// SyntaxError says where text stops being JSON.
type SyntaxError struct {
	Offset int // bytes up to and with the one that is wrong; the length of the text when it ends too early
	reason string
}

// Error says what is wrong and where.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s, at byte %d", e.reason, e.Offset) }

// Parse reads one value and nothing behind it. Of an object that has a key twice the value says so. Errors:
// *SyntaxError.
func Parse(text string) (Value, error) {
	p := parser{document: &document{text: text, nodes: make([]node, 0, min(len(text)/bytesPerNode+8, firstNodes))}}
	ok := p.value(0)
	if ok {
		if p.space(); p.at < len(text) {
			ok = p.unexpected("after the value")
		}
	}
	if !ok {
		return Value{}, p.err
	}
	return Value{doc: p.document}, nil
}

// How many nodes there is room for at first: enough for one event. A larger text gets more as it turns out to need
// them.
const (
	bytesPerNode = 12
	firstNodes   = 128
)

// parser walks over the text. Its methods answer false after they have set err.
type parser struct {
	*document
	at  int
	err *SyntaxError
}

func (p *parser) fail(at int, reason string) bool {
	p.err = &SyntaxError{Offset: at, reason: reason}
	return false
}

// unexpected refuses the character that stands here.
func (p *parser) unexpected(where string) bool {
	if p.at >= len(p.text) {
		return p.fail(len(p.text), "the text ends too early")
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return p.fail(p.at+1, fmt.Sprintf("unexpected character %q %s", r, where))
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\n', '\r', '\t':
			p.at++
		default:
			return
		}
	}
}

// next is the character that stands here after white space; 0, which stands nowhere in JSON, at the end.
func (p *parser) next() byte {
	if p.at < len(p.text) && p.text[p.at] > ' ' {
		return p.text[p.at]
	}
	p.space()
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) value(level int) bool {
	switch c := p.next(); c {
	case '"':
		return p.string()
	case '{', '[':
		if level == MaxDepth {
			return p.fail(p.at+1, fmt.Sprintf("there are more than %d levels", MaxDepth))
		}
		if c == '{' {
			return p.object(level + 1)
		}
		return p.list(level + 1)
	case 't':
		return p.literal("true", True)
	case 'f':
		return p.literal("false", False)
	case 'n':
		return p.literal("null", Null)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.number()
	}
	return p.unexpected("where a value begins")
}

func (p *parser) add(n node) {
	if len(p.nodes) == cap(p.nodes) {
		likely := len(p.nodes) * len(p.text) / (p.at + 1) // if the rest is like what was read
		p.nodes = slices.Grow(p.nodes, min(max(likely, 2*len(p.nodes)), 8*len(p.nodes))-len(p.nodes)+8)
	}
	p.nodes = append(p.nodes, n)
}

// leaf adds a value that has no others in it.
func (p *parser) leaf(start, end int, kind Kind, m marks) {
	p.add(node{start: uint32(start), end: uint32(end), next: uint32(len(p.nodes) + 1), kind: kind, marks: m})
}

func (p *parser) literal(word string, kind Kind) bool {
	start := p.at
	for i := range len(word) {
		if p.at >= len(p.text) || p.text[p.at] != word[i] {
			return p.unexpected("in the literal " + word)
		}
		p.at++
	}
	p.leaf(start, p.at, kind, 0)
	return true
}

// open adds a list or an object; close sets what is known at its end.
func (p *parser) open(kind Kind) (at int) {
	p.add(node{start: uint32(p.at), depth: 1, kind: kind})
	p.at++
	return len(p.nodes) - 1
}

func (p *parser) close(at int) bool {
	p.at++
	n := &p.nodes[at]
	n.end, n.next = uint32(p.at), uint32(len(p.nodes))
	return true
}

// within lets a list or object know of a value in it.
func (p *parser) within(at, inner int) {
	n, in := &p.nodes[at], &p.nodes[inner]
	n.depth = max(n.depth, in.depth+1)
	n.marks |= in.marks & twice
}

func (p *parser) list(level int) bool {
	at := p.open(List)
	if p.next() == ']' {
		return p.close(at)
	}
	for {
		inner := len(p.nodes)
		if !p.value(level) {
			return false
		}
		p.within(at, inner)
		switch p.next() {
		case ',':
			p.at++
		case ']':
			return p.close(at)
		default:
			return p.unexpected("after a value of a list")
		}
	}
}

func (p *parser) object(level int) bool {
	at := p.open(Object)
	if p.next() == '}' {
		return p.close(at)
	}
	members := 0
	for {
		if p.next() != '"' {
			return p.unexpected("where a key begins")
		}
		if !p.string() {
			return false
		}
		if p.next() != ':' {
			return p.unexpected("after a key")
		}
		p.at++
		inner := len(p.nodes)
		if !p.value(level) {
			return false
		}
		p.within(at, inner)
		members++
		switch p.next() {
		case ',':
			p.at++
		case '}':
			p.close(at)
			p.markRepeated(at, members)
			return true
		default:
			return p.unexpected("after a value of an object")
		}
	}
}

// manyMembers is from where on a map finds repeated keys sooner than comparing each with each.
const manyMembers = 24

// markRepeated marks the keys that the object has had before.
func (p *parser) markRepeated(object, members int) {
	var seen map[string]bool
	if members > manyMembers {
		seen = make(map[string]bool, members)
	}
	first, end := uint32(object+1), p.nodes[object].next
	for at := first; at < end; at = p.nodes[at+1].next {
		key := p.nodes[at]
		again := false
		if seen != nil {
			name := p.textOf(&key)
			again, seen[name] = seen[name], true
		} else {
			for before := first; before < at && !again; before = p.nodes[before+1].next {
				again = p.sameText(&p.nodes[before], &key)
			}
		}
		if again {
			p.nodes[at].marks |= repeated
			p.nodes[object].marks |= twice
		}
	}
}

func (p *parser) number() bool {
	start := p.at
	if p.text[p.at] == '-' {
		p.at++
	}
	if p.at < len(p.text) && p.text[p.at] == '0' {
		p.at++
	} else if !p.digits() {
		return p.unexpected("in a number")
	}
	if p.at < len(p.text) && p.text[p.at] == '.' {
		p.at++
		if !p.digits() {
			return p.unexpected("in a number")
		}
	}
	if p.at < len(p.text) && (p.text[p.at] == 'e' || p.text[p.at] == 'E') {
		p.at++
		if p.at < len(p.text) && (p.text[p.at] == '+' || p.text[p.at] == '-') {
			p.at++
		}
		if !p.digits() {
			return p.unexpected("in a number")
		}
	}
	p.leaf(start, p.at, Number, 0)
	return true
}

// digits passes over digits and says whether there was one.
func (p *parser) digits() bool {
	start := p.at
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
	}
	return p.at > start
}
