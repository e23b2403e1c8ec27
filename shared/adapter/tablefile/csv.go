// Package tablefile writes tables as files that people open in spreadsheets. It knows how to write a cell and nothing of what the table
// means; which columns there are and what stands in them is the report's affair.
//
// It is not a CSV reader, and not for machines that want raw text: text that a spreadsheet would run as a formula is changed (see cell.go).
//
//	rows, err := tablefile.WriteCSV(file, columns, slices.Values(lines))
package tablefile

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Kind says what stands in a column, so how its cells are checked and written.
type Kind string

// The kinds. A cell of any kind may be empty.
const (
	Text   Kind = "text"   // foreign or free text: written so that no spreadsheet runs it
	Number Kind = "number" // our own decimal number with a dot, such as -12.50 or 1e-05: written as it is
	Time   Kind = "time"   // an ISO 8601 date or an instant with its offset: written as it is
)

// Column is one column of a table.
type Column struct {
	Name string
	Kind Kind
}

// byteOrderMark tells Excel that the file is UTF-8.
const byteOrderMark = "\ufeff"

// WriteCSV writes a header and the rows as of RFC 4180, in UTF-8 with a byte order mark, with CRLF after every line, and counts the rows. The same
// table always gives the same bytes.
//
// An error means that the file is not to be used: w refused a write, a row has another number of cells than there are columns, or a cell of kind
// Number or Time holds something else. The last two are defects of the caller; the error names the place and never the content, which
// may be personal.
func WriteCSV(w io.Writer, columns []Column, rows iter.Seq[[]string]) (count int, err error) {
	out := bufio.NewWriter(w)
	header := make([]string, len(columns))
	for i, column := range columns {
		header[i] = quoted(harmless(column.Name))
	}
	if err := writeLine(out, byteOrderMark, header); err != nil {
		return 0, fmt.Errorf("write header: %w", err)
	}
	now := &cells{columns: columns}
	for row := range rows {
		count++
		if err := now.take(row); err != nil {
			return 0, fmt.Errorf("write row %d: %w", count, err)
		}
		if err := writeLine(out, "", now.written); err != nil {
			return 0, fmt.Errorf("write row %d: %w", count, err)
		}
	}
	if err := out.Flush(); err != nil {
		return 0, fmt.Errorf("write rows: %w", err)
	}
	return count, nil
}

// cells are those of one row, as they stand in the file. Most equal the ones of the row before, and are not made again.
type cells struct {
	columns []Column
	row     []string
	written []string
}

func (c *cells) take(row []string) error {
	if len(row) != len(c.columns) {
		return fmt.Errorf("%d cells for %d columns", len(row), len(c.columns))
	}
	isFirst := c.row == nil
	if isFirst {
		c.row, c.written = make([]string, len(row)), make([]string, len(row))
	}
	for i, text := range row {
		if !isFirst && c.row[i] == text {
			continue
		}
		cell, err := cellOf(c.columns[i].Kind, text)
		if err != nil {
			return fmt.Errorf("column %s: %w", c.columns[i].Name, err)
		}
		c.row[i], c.written[i] = text, quoted(cell)
	}
	return nil
}

// writeLine joins quoted cells to a line of the file. encoding/csv is not used because it changes line ends inside cells.
func writeLine(out *bufio.Writer, separator string, cells []string) error {
	isEmpty := len(cells) == 1 && cells[0] == ""
	for _, cell := range cells {
		out.WriteString(separator) // the writer remembers its first error
		out.WriteString(cell)
		separator = ","
	}
	if isEmpty { // an empty line is no row to most readers
		out.WriteString(`""`)
	}
	_, err := out.WriteString("\r\n")
	return err
}

// quoted puts a cell in quotes where a reader could otherwise misread it. Semicolon and tab are no separators here, but some programs take them
// for such; spaces at the ends would be lost in others.
func quoted(cell string) string {
	if !strings.ContainsAny(cell, "\",;\t\r\n") && strings.Trim(cell, " ") == cell {
		return cell
	}
	return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
}
