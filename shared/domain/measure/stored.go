package measure

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
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

// numbers are written and read by hand, a whole list at a time: windows have many. Three zeros in a row and more are written as a text that says how
// many: [12,0,0,7,"31",1]. Lists of earlier versions have every zero.
type numbers []wide.Int

const (
	leastZeros = 3
	mostZeros  = 1000 // far more than there are measures
)

func (n numbers) MarshalJSON() ([]byte, error) {
	text := make([]byte, 0, 4*len(n)+2)
	for i := 0; i < len(n); i++ {
		text = append(text, "[,"[min(i, 1)])
		zeros := 0
		for i+zeros < len(n) && n[i+zeros].IsZero() {
			zeros++
		}
		if zeros < leastZeros {
			text = n[i].Append(text)
			continue
		}
		text = append(strconv.AppendInt(append(text, '"'), int64(zeros), 10), '"')
		i += zeros - 1
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
		part = strings.TrimSpace(part)
		if zeros, isRun := strings.CutPrefix(part, `"`); isRun {
			count, err := strconv.Atoi(strings.TrimSuffix(zeros, `"`))
			if err != nil || count < 0 || count > mostZeros {
				return fault.Newf(fault.Internal, "bad_totals", "a group says %.20q for a number of zeros", part)
			}
			*n = append(*n, make(numbers, count)...)
			continue
		}
		number, err := wide.Parse(part)
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
