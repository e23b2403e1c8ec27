package export

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"

	"waymark/shared/adapter/tablefile"
	"waymark/shared/domain/report"
)

// kinds says which columns hold numbers and times; the others are text, which is made safe for spreadsheets.
var kinds = map[string]tablefile.Kind{
	"start": tablefile.Time, "end": tablefile.Time, "computed_at": tablefile.Time, "value": tablefile.Number, "numerator": tablefile.Number,
	"denominator": tablefile.Number, "n": tablefile.Number, "revision": tablefile.Number,
	"low": tablefile.Number, "high": tablefile.Number,
}

// WriteCSV writes the long form as CSV. It is a Writer.
func WriteCSV(w io.Writer, lines [][]string) (rows int, err error) {
	columns := make([]tablefile.Column, len(report.Columns))
	for i, name := range report.Columns {
		columns[i] = tablefile.Column{Name: name, Kind: cmp.Or(kinds[name], tablefile.Text)}
	}
	return tablefile.WriteCSV(w, columns, slices.Values(lines))
}

// numbersIn reads what a file says that WriteCSV wrote.
func numbersIn(file []byte) (report.Numbers, error) {
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\ufeff"))))
	header, err := in.Read()
	if err != nil {
		return report.Numbers{}, fmt.Errorf("read header: %w", err)
	}
	var failed error
	numbers := report.NumbersOf(header, func(yield func([]string) bool) {
		for {
			row, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				failed = fmt.Errorf("read row: %w", err)
				return
			}
			if !yield(row) {
				return
			}
		}
	})
	return numbers, failed
}
