package demo

import "net/url"

// question is what an analysis is asked; cell is one number of one table of the answer.
type question struct {
	analysis   string
	parameters string // beside from and to, as they stand in an address
	from, to   string // "" for those of the data set
}

// cell is a line of the table that this package prints: the cell of the row that holds what is named.
func (q question) cell(what, table, row, column, want string, origin origin) line {
	return line{
		what: what, want: want, origin: origin, from: q.from, to: q.to,
		analysis: q.analysis, parameters: q.parameters, table: table, row: row, column: column,
	}
}

// of names a row by what its cells hold: of("cohort", "2010-12-01", "age", "1").
func of(cells ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(cells); i += 2 {
		values.Set(cells[i], cells[i+1])
	}
	return values.Encode()
}

// part takes another number of a rate or an estimate than its value.
func (l line) as(part string) line {
	l.part = part
	return l
}

// near allows ours to be off by so much.
func (l line) near(within string) line {
	l.within = within
	return l
}
