package measure

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/wide"
)

// storedTotals is how totals are written: the measures once, and the groups sorted, so that equal totals have equal bytes.
type storedTotals struct {
	Names  []Name        `json:"m"`
	Groups []storedGroup `json:"g"`
}

type storedGroup struct {
	Dimension Dimension `json:"d,omitempty"`
	Value     string    `json:"v,omitempty"`
	Currency  string    `json:"c,omitempty"`
	Numbers   numbers   `json:"n"`
}

// numbers are written and read by hand, a whole list at a time: windows have many.
type numbers []wide.Int

func (n numbers) MarshalJSON() ([]byte, error) {
	text := make([]byte, 0, 4*len(n)+2)
	for i, number := range n {
		text = number.Append(append(text, "[,"[min(i, 1)]))
	}
	if len(n) == 0 {
		text = append(text, '[')
	}
	return append(text, ']'), nil
}

func (n *numbers) UnmarshalJSON(text []byte) error {
	inside := strings.Trim(string(text), "[] ")
	if inside == "" {
		*n = numbers{}
		return nil
	}
	*n = make(numbers, 0, strings.Count(inside, ",")+1)
	for part := range strings.SplitSeq(inside, ",") {
		number, err := wide.Parse(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		*n = append(*n, number)
	}
	return nil
}

// MarshalJSON writes equal totals as equal bytes.
func (t Totals) MarshalJSON() ([]byte, error) {
	stored := storedTotals{Names: t.Names, Groups: make([]storedGroup, 0, len(t.Groups))}
	for key, group := range t.Groups {
		stored.Groups = append(stored.Groups, storedGroup{key.Dimension, key.Value, key.Currency, trimmed(group)})
	}
	slices.SortFunc(stored.Groups, func(a, b storedGroup) int {
		return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Currency, b.Currency))
	})
	return json.Marshal(stored)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Totals) UnmarshalJSON(text []byte) error {
	var stored storedTotals
	if err := json.Unmarshal(text, &stored); err != nil {
		return err
	}
	*t = Totals{Names: stored.Names, Groups: make(map[Key][]wide.Int, len(stored.Groups))}
	for _, g := range stored.Groups {
		if len(g.Numbers) > len(t.Names) {
			return fault.Newf(fault.Internal, "bad_totals", "a group has %d numbers for %d measures", len(g.Numbers), len(t.Names))
		}
		t.store(Key{g.Dimension, g.Value, g.Currency}, nil, g.Numbers)
	}
	return nil
}
