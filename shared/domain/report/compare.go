package report

import (
	"crypto/sha256"
	"hash"
	"iter"
	"slices"
	"strconv"
)

// Span names a window whose numbers an export restates.
type Span struct {
	Grain    string `json:"grain"`
	Start    string `json:"start"` // ISO 8601 in the workspace's zone, as in the file
	End      string `json:"end"`
	Revision int64  `json:"revision"` // of the window, as in the file
}

// Numbers is what a file in the long form says, window by window, apart from the revisions and when they were computed. It holds a digest of each
// window and not its rows, so that files of any size can be compared.
type Numbers struct {
	order   []place
	windows map[place]*told
}

type place struct{ grain, start, end string }

type told struct {
	revision int64
	digest   hash.Hash
}

// NumbersOf digests the rows of a file, each with one text per column, under its header.
func NumbersOf(header []string, rows iter.Seq[[]string]) Numbers {
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	n := Numbers{windows: map[place]*told{}}
	for row := range rows {
		if len(row) != len(header) {
			continue // no file of ours has such a row
		}
		at := place{row[column["grain"]], row[column["start"]], row[column["end"]]}
		if n.windows[at] == nil {
			n.order, n.windows[at] = append(n.order, at), &told{digest: sha256.New()}
		}
		n.windows[at].add(header, row)
	}
	return n
}

func (t *told) add(header, row []string) {
	for i, cell := range row {
		switch header[i] {
		case "computed_at":
		case "revision":
			t.revision, _ = strconv.ParseInt(cell, 10, 64) // our own number
		default:
			t.digest.Write(strconv.AppendQuote(nil, cell))
		}
	}
}

// Since lists the windows whose numbers differ from those of another file, in the order of this one; then those that only the other has.
func (n Numbers) Since(before Numbers) []Span {
	var out []Span
	for _, at := range n.order {
		was := before.windows[at]
		if is := n.windows[at]; was == nil || !slices.Equal(is.digest.Sum(nil), was.digest.Sum(nil)) {
			out = append(out, Span{at.grain, at.start, at.end, is.revision})
		}
	}
	for _, at := range before.order {
		if n.windows[at] == nil {
			out = append(out, Span{at.grain, at.start, at.end, before.windows[at].revision})
		}
	}
	return out
}
