package measure

import (
	"maps"
	"slices"

	"waymark/shared/domain/wide"
)

// Key names one group of totals: the value of a dimension, and for measures of money a currency.
type Key struct {
	Dimension Dimension
	Value     string
	Currency  string // "" for measures that know no currency
}

// Totals hold a number for each measure of a set in each group. Groups of zeros are not there. Amounts are millionths of the unit.
type Totals struct {
	Names  []Name             // of the measures, in the order of the numbers
	Groups map[Key][]wide.Int // a number for each measure; those of other keys' kind are 0, and so is what is behind the end of a list
}

// store keeps a group that was made of another, without the zeros at its end; one of zeros alone is not there.
func (t Totals) store(key Key, before, group []wide.Int) {
	switch group = trimmed(group); {
	case len(group) == 0 && len(before) > 0:
		delete(t.Groups, key)
	case len(group) > 0 && (len(group) != len(before) || &group[0] != &before[0]): // else it is there
		t.Groups[key] = group
	}
}

// IsZero says whether the totals hold nothing.
func (t Totals) IsZero() bool { return len(t.Groups) == 0 }

// Plus adds a change to totals that may be of an earlier version of the definitions: the measures are those of the change. Nothing given is
// changed.
func (t Totals) Plus(change Totals) Totals {
	out := Totals{Names: change.Names, Groups: make(map[Key][]wide.Int, len(t.Groups)+len(change.Groups))}
	places := make([]int, len(t.Names))
	for i, name := range t.Names {
		places[i] = slices.Index(out.Names, name)
	}
	for key, group := range t.Groups {
		sum := make([]wide.Int, 0, len(group))
		for i, n := range group {
			if places[i] >= 0 && !n.IsZero() {
				sum = plus(sum, places[i], n)
			}
		}
		out.store(key, nil, sum)
	}
	for key, group := range change.Groups {
		before := out.Groups[key]
		sum := before
		for i, n := range group {
			sum = plus(sum, i, n)
		}
		out.store(key, before, sum)
	}
	return out
}

// Equal says whether both hold the same measures and numbers.
func (t Totals) Equal(other Totals) bool {
	return slices.Equal(t.Names, other.Names) && maps.EqualFunc(t.Groups, other.Groups, func(a, b []wide.Int) bool {
		return slices.Equal(trimmed(a), trimmed(b))
	})
}

// Number of a measure in a group; 0 where there is none.
func (t Totals) Number(key Key, name Name) wide.Int {
	i := slices.Index(t.Names, name)
	group, found := t.Groups[key]
	if !found || i < 0 || i >= len(group) {
		return wide.Int{}
	}
	return group[i]
}
