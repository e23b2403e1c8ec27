package importer

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Bar draws progress. The rules are: on a terminal one line that is drawn over, at most ten times a second; elsewhere a plain line every ten
// seconds, so that logs stay short.
type Bar struct {
	out      io.Writer
	name     string
	terminal bool
	drawn    time.Duration
	last     Progress
}

// NewBar draws on out; name says what is imported.
func NewBar(out io.Writer, name string, terminal bool) *Bar {
	return &Bar{out: out, name: name, terminal: terminal}
}

const (
	barWidth         = 24
	terminalInterval = 100 * time.Millisecond
	plainInterval    = 10 * time.Second
)

// Show draws the progress if it is time to.
func (b *Bar) Show(p Progress) {
	b.last = p
	interval := plainInterval
	if b.terminal {
		interval = terminalInterval
	}
	if p.Elapsed-b.drawn < interval {
		return
	}
	b.drawn = p.Elapsed
	b.draw(p)
}

// Finish draws the last state and ends the line.
func (b *Bar) Finish() {
	if !b.terminal {
		return
	}
	b.draw(b.last)
	fmt.Fprintln(b.out)
}

func (b *Bar) draw(p Progress) {
	line := Line(b.name, p)
	if b.terminal {
		line = "\r\x1b[2K" + line
	} else {
		line += "\n"
	}
	_, _ = io.WriteString(b.out, line) // a bar that cannot be drawn must not end the import
}

// Line is the progress in one line of text of at most 79 characters for names of up to 20.
func Line(name string, p Progress) string {
	share := Share(p)
	rate := 0.0
	if seconds := p.Elapsed.Seconds(); seconds > 0 {
		rate = float64(p.Delivered-p.Resumed) / seconds
	}
	if share < 0 {
		return fmt.Sprintf("%s %d events, %.0f/s", name, p.Delivered, rate)
	}
	left := "–"
	if share >= 1 {
		left = "done"
	} else if share > 0.005 && p.Elapsed > time.Second {
		left = time.Duration(float64(p.Elapsed)*(1-share)/share).Round(time.Second).String() + " left"
	}
	return fmt.Sprintf("%s %s %3.0f%% %d events %.0f/s %s", name, Blocks(share), share*100, p.Delivered, rate, left)
}

// Blocks draws a share from 0 to 1 as a bar of 24 characters.
func Blocks(share float64) string {
	filled := int(share * barWidth)
	return strings.Repeat("█", filled) + strings.Repeat("░", barWidth-filled)
}

// Share estimates how much of an import is done, from 0 to 1: the delivered part of the mapped events, of the read part of the file. It is -1 when the
// file's size is unknown and reading goes on.
func Share(p Progress) float64 {
	read := p.ReadShare
	if p.ReadAll {
		read = 1
	}
	if read < 0 {
		return -1
	}
	if p.Mapped == 0 {
		if p.ReadAll {
			return 1
		}
		return 0
	}
	return min(1, read*float64(p.Delivered)/float64(p.Mapped))
}
