package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Violation is one thing that is wrong with a value. It holds nothing of the value but names of members.
type Violation struct {
	Field   string // where: names and indexes joined by dots; "" is the value itself
	Problem string // "must be a number, not text"
}

// String is the violation as a sentence without its full stop.
func (v Violation) String() string { return strings.TrimSpace(v.Field + " " + v.Problem) }

// MaxViolations is how many violations a check tells.
const MaxViolations = 10

// Check tells what is wrong with a value, of maps, lists, texts, json.Number, truth values and nil; nothing when it is right. The order is always
// the same.
func (s *Schema) Check(value any) []Violation {
	c := checker{steps: new(int)}
	c.check(s.root, value, "")
	if *c.steps > maxSteps {
		return []Violation{{Problem: "takes too long to check"}}
	}
	return c.found[:min(len(c.found), MaxViolations)]
}

// maxSteps bounds how many schemas are held against parts of one value: a schema that holds itself twice doubles the work with each level of a value.
const maxSteps = 200_000

type checker struct {
	found []Violation
	steps *int
}

func (c *checker) say(field, format string, args ...any) {
	c.found = append(c.found, Violation{field, fmt.Sprintf(format, args...)})
}

// holds says whether a value meets a schema.
func (c *checker) holds(n *node, value any) bool {
	one := checker{steps: c.steps}
	one.check(n, value, "")
	return len(one.found) == 0
}

func (c *checker) check(n *node, value any, at string) {
	if *c.steps++; *c.steps > maxSteps {
		return
	}
	if n.never {
		c.say(at, "is not allowed")
		return
	}
	if n.ref != nil {
		c.check(n.ref, value, at)
	}
	if n.types != nil && !slices.ContainsFunc(n.types, func(name string) bool { return isOf(name, value) }) {
		c.say(at, "must be %s, not %s", oneOf(n.types), typeOf(value))
		return // what a number must be is of no interest in a text
	}
	if n.isEnum && !slices.ContainsFunc(n.enum, func(allowed any) bool { return equal(allowed, value) }) {
		c.say(at, "must be %s", listed(n.enum))
	}
	switch v := value.(type) {
	case string:
		c.text(n, v, at)
	case json.Number:
		c.number(n, v, at)
	case []any:
		c.list(n, v, at)
	case map[string]any:
		c.object(n, v, at)
	}
	c.combined(n, value, at)
}

func (c *checker) text(n *node, text, at string) {
	if length := utf8.RuneCountInString(text); n.minLength >= 0 && length < n.minLength {
		c.say(at, "must have at least %d characters", n.minLength)
	} else if n.maxLength >= 0 && length > n.maxLength {
		c.say(at, "must have at most %d characters", n.maxLength)
	}
	if n.pattern != nil && !n.pattern.MatchString(text) {
		c.say(at, "must match %s", n.pattern)
	}
}

func (c *checker) number(n *node, text json.Number, at string) {
	number, ok := rational(text)
	if !ok {
		c.say(at, "is a number of too many digits")
		return
	}
	if n.minimum != nil && number.Cmp(n.minimum) < 0 {
		c.say(at, "must be at least %s", decimal(n.minimum))
	}
	if n.maximum != nil && number.Cmp(n.maximum) > 0 {
		c.say(at, "must be at most %s", decimal(n.maximum))
	}
	if n.exclusiveMin != nil && number.Cmp(n.exclusiveMin) <= 0 {
		c.say(at, "must be more than %s", decimal(n.exclusiveMin))
	}
	if n.exclusiveMax != nil && number.Cmp(n.exclusiveMax) >= 0 {
		c.say(at, "must be less than %s", decimal(n.exclusiveMax))
	}
	if n.multipleOf != nil && !number.Quo(number, n.multipleOf).IsInt() {
		c.say(at, "must be a multiple of %s", decimal(n.multipleOf))
	}
}

func (c *checker) list(n *node, list []any, at string) {
	if n.minItems >= 0 && len(list) < n.minItems {
		c.say(at, "must have at least %d items", n.minItems)
	}
	if n.maxItems >= 0 && len(list) > n.maxItems {
		c.say(at, "must have at most %d items", n.maxItems)
	}
	for i, item := range list {
		switch {
		case i < len(n.prefix):
			c.check(n.prefix[i], item, join(at, strconv.Itoa(i)))
		case n.items != nil:
			c.check(n.items, item, join(at, strconv.Itoa(i)))
		}
	}
	if n.contains != nil && !slices.ContainsFunc(list, func(item any) bool { return c.holds(n.contains, item) }) {
		c.say(at, "holds no item as it must have one")
	}
	if n.isUnique && hasRepeat(list) {
		c.say(at, "must not hold an item twice")
	}
}

// hasRepeat says whether two items are equal. Equal items have equal texts once numbers have one form.
func hasRepeat(list []any) bool {
	seen := map[string]bool{}
	for _, item := range list {
		text := canonical(item)
		if seen[text] {
			return true
		}
		seen[text] = true
	}
	return false
}

func (c *checker) object(n *node, object map[string]any, at string) {
	for _, name := range n.required {
		if _, found := object[name]; !found {
			c.say(join(at, name), "is missing")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.dependent)) {
		if _, found := object[name]; !found {
			continue
		}
		for _, with := range n.dependent[name] {
			if _, found := object[with]; !found {
				c.say(join(at, with), "is missing, which must come with %s", name)
			}
		}
	}
	if n.minProperties >= 0 && len(object) < n.minProperties {
		c.say(at, "must have at least %d members", n.minProperties)
	}
	if n.maxProperties >= 0 && len(object) > n.maxProperties {
		c.say(at, "must have at most %d members", n.maxProperties)
	}
	if n.properties == nil && n.patterns == nil && n.additional == nil && n.names == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		c.member(n, name, object[name], join(at, name))
	}
}

func (c *checker) member(n *node, name string, value any, at string) {
	if n.names != nil && !c.holds(n.names, name) {
		c.say(at, "has a name that is not allowed")
	}
	property, isNamed := n.properties[name]
	if isNamed {
		c.check(property, value, at)
	}
	for _, p := range n.patterns {
		if p.pattern.MatchString(name) {
			isNamed = true
			c.check(p.schema, value, at)
		}
	}
	if !isNamed && n.additional != nil {
		c.check(n.additional, value, at)
	}
}

func (c *checker) combined(n *node, value any, at string) {
	for _, each := range n.all {
		c.check(each, value, at)
	}
	if n.some != nil && !slices.ContainsFunc(n.some, func(each *node) bool { return c.holds(each, value) }) {
		c.none(n.some, value, at)
	}
	if n.one != nil {
		met := 0
		for _, each := range n.one {
			if c.holds(each, value) {
				met++
			}
		}
		switch {
		case met == 0:
			c.none(n.one, value, at)
		case met > 1:
			c.say(at, "meets %d of the schemas of oneOf, where it must meet one", met)
		}
	}
	if n.not != nil && c.holds(n.not, value) {
		c.say(at, "meets the schema of not")
	}
	switch {
	case n.condition == nil:
	case c.holds(n.condition, value):
		if n.then != nil {
			c.check(n.then, value, at)
		}
	case n.another != nil:
		c.check(n.another, value, at)
	}
}

// none tells that none of several schemas is met. Where each asks for a member that is missing, it names those.
func (c *checker) none(schemas []*node, value any, at string) {
	var missing []string
	for _, each := range schemas {
		one := checker{steps: c.steps}
		one.check(each, value, at)
		for _, v := range one.found {
			if v.Problem != "is missing" || len(one.found) > 1 {
				c.found = append(c.found, v) // the nearest way to be right: what this one lacks
				return
			}
			missing = append(missing, v.Field)
		}
	}
	if len(missing) == 0 { // there was no time to look
		return
	}
	c.say(missing[0], "is missing, or in its place %s", strings.Join(missing[1:], " or "))
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}
