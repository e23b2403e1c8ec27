package main

import (
	"fmt"
	goio "io"
	"sync"
	"time"

	"waymark/infra/importer"
)

// progressLine shows how far a wait is. The rules are: on a terminal one line that is drawn over each second, with a bar when the whole is known;
// elsewhere a plain line for each thing that is said, so that logs stay short.
type progressLine struct {
	out      goio.Writer
	terminal bool
	begun    time.Time
	stop     chan struct{}
	drawing  sync.WaitGroup

	mu    sync.Mutex
	share float64 // below 0 when the whole is not known
	text  string
}

// newProgressLine begins a line on standard error. end ends it.
func newProgressLine(io stdio, text string) *progressLine {
	l := &progressLine{out: io.Err, terminal: isTerminal(io.Err), begun: time.Now(), stop: make(chan struct{}), share: -1, text: text}
	if !l.terminal {
		fmt.Fprintln(l.out, text)
		return l
	}
	l.drawing.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			l.draw()
			select {
			case <-l.stop:
				return
			case <-tick.C:
			}
		}
	})
	return l
}

// say changes what the line shows. share is how much is done, from 0 to 1.
func (l *progressLine) say(share float64, text string) {
	l.mu.Lock()
	isNew := l.text != text
	l.share, l.text = share, text
	l.mu.Unlock()
	if l.terminal {
		l.draw()
	} else if isNew {
		fmt.Fprintln(l.out, text)
	}
}

// end takes the line away; what was said elsewhere stays.
func (l *progressLine) end() {
	close(l.stop)
	l.drawing.Wait()
	if l.terminal {
		fmt.Fprint(l.out, clearLine)
	}
}

const clearLine = "\r\x1b[2K"

func (l *progressLine) draw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprint(l.out, clearLine, lineOf(l.share, l.text, time.Since(l.begun)))
}

// lineOf is a line of at most 79 characters for texts of up to 40.
func lineOf(share float64, text string, passed time.Duration) string {
	seconds := passed.Round(time.Second)
	if share < 0 {
		return fmt.Sprintf("%s, %s", text, seconds)
	}
	return fmt.Sprintf("%s %3.0f%% %s, %s", importer.Blocks(share), 100*share, text, seconds)
}
