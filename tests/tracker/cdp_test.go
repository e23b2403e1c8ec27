package tracker_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// patience is how long a browser on a busy machine may take for anything.
const patience = 15 * time.Second

// browser is a headless Chromium that is driven over a pair of pipes by the Chrome DevTools Protocol: JSON messages, each ended by a zero byte.
type browser struct {
	commands *os.File
	process  *exec.Cmd

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
	hearers map[string]func(event)
}

type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

type event struct {
	Session string          `json:"sessionId"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

// agent is set on the command line, for what is sent while a page is left names the browser's own agent, whatever a page was told.
const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

func launch(program, folder string) (*browser, error) {
	theirCommands, commands, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	answers, theirAnswers, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	b := &browser{commands: commands, waiting: map[int]chan reply{}, hearers: map[string]func(event){}}
	b.process = exec.Command(program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
		"--disable-extensions", "--user-data-dir="+folder, "--user-agent="+agent, "--host-resolver-rules=MAP *.test 127.0.0.1", "about:blank")
	b.process.ExtraFiles = []*os.File{theirCommands, theirAnswers} // 3 and 4
	if err := b.process.Start(); err != nil {
		return nil, err
	}
	go b.listen(answers)
	return b, errors.Join(theirCommands.Close(), theirAnswers.Close())
}

func (b *browser) listen(answers *os.File) {
	r := bufio.NewReaderSize(answers, 1<<20)
	for {
		raw, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var message struct {
			ID int `json:"id"`
			reply
			event
		}
		if json.Unmarshal(raw[:len(raw)-1], &message) != nil {
			continue
		}
		b.mu.Lock()
		waiting, hearer := b.waiting[message.ID], b.hearers[message.Session]
		delete(b.waiting, message.ID)
		b.mu.Unlock()
		switch {
		case waiting != nil:
			waiting <- message.reply
		case hearer != nil:
			hearer(message.event)
		}
	}
}

// call sends a command and waits for its result.
func (b *browser) call(session, method string, params map[string]any) (json.RawMessage, error) {
	b.mu.Lock()
	b.last++
	id, answer := b.last, make(chan reply, 1)
	b.waiting[id] = answer
	raw, err := json.Marshal(map[string]any{"id": id, "sessionId": session, "method": method, "params": params})
	if session == "" {
		raw, err = json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	}
	if err == nil {
		_, err = b.commands.Write(append(raw, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case r := <-answer:
		if r.Error != nil {
			return nil, fmt.Errorf("%s: %s", method, r.Error.Message)
		}
		return r.Result, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("%s: no answer within %s", method, patience)
	}
}

// close ends the browser, and waits for it.
func (b *browser) close() {
	_, _ = b.call("", "Browser.close", nil)
	done := make(chan struct{})
	go func() { _ = b.process.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		_ = b.process.Process.Kill()
	}
}

// tab is one page of a visitor.
type tab struct {
	t       testing.TB
	browser *browser
	target  string
	session string

	mu      sync.Mutex
	console []string
	faults  []string
}

func (p *tab) call(method string, params map[string]any) json.RawMessage {
	p.t.Helper()
	result, err := p.browser.call(p.session, method, params)
	if err != nil {
		p.t.Fatal(err)
	}
	return result
}

// hear keeps what the page prints and throws.
func (p *tab) hear(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Method {
	case "Runtime.consoleAPICalled":
		var printed struct{ Args []struct{ Value any } }
		_ = json.Unmarshal(e.Params, &printed)
		line := ""
		for _, arg := range printed.Args {
			line += fmt.Sprint(arg.Value, " ")
		}
		p.console = append(p.console, line)
	case "Runtime.exceptionThrown":
		p.faults = append(p.faults, string(e.Params))
	}
}

// run evaluates an expression in the page, which may be a promise, and decodes what it comes to into a value; nil decodes nothing.
func (p *tab) run(expression string, into any) error {
	raw, err := p.browser.call(p.session, "Runtime.evaluate", map[string]any{
		"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
	})
	if err != nil {
		return err
	}
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string          `json:"text"`
			Exception json.RawMessage `json:"exception"`
		} `json:"exceptionDetails"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return err
	}
	if answer.Exception != nil {
		return fmt.Errorf("%s: %s %s", expression, answer.Exception.Text, answer.Exception.Exception)
	}
	if into == nil || len(answer.Result.Value) == 0 {
		return nil
	}
	return json.Unmarshal(answer.Result.Value, into)
}

// do evaluates an expression that must not throw.
func (p *tab) do(expression string) {
	p.t.Helper()
	if err := p.run(expression, nil); err != nil {
		p.t.Fatal(err)
	}
}

// text evaluates an expression to a text.
func (p *tab) text(expression string) string {
	p.t.Helper()
	var out string
	if err := p.run("String("+expression+")", &out); err != nil {
		p.t.Fatal(err)
	}
	return out
}

// until waits for an expression to be true; a page that is just being replaced is asked again.
func (p *tab) until(expression string) {
	p.t.Helper()
	var err error
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(10 * time.Millisecond) {
		var is bool
		if err = p.run("!!("+expression+")", &is); err == nil && is {
			return
		}
	}
	p.t.Fatalf("%s does not come true: %v", expression, err)
}

// goes loads an address as if it were typed, and waits until it is loaded.
func (p *tab) goes(address string) {
	p.t.Helper()
	p.call("Page.navigate", map[string]any{"url": address})
	p.until("location.href.startsWith(" + fmt.Sprintf("%q", address) + ") && document.readyState == 'complete'")
}
