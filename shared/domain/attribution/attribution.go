// Package attribution shares orders and their revenue among the sessions that led to them: by simple rules (first, last, linear, time decay, position),
// by what would be lost without a channel (Markov) and by fair shares (Shapley), side by side. Each model's credits add up to the orders and to
// the revenue of each currency, to the last digit.
//
// A touch is a session, told by its channel or by another value that was asked for, read where the session begins. The path of an order is the
// touches that begin within the look-back before it, and its own session. The time of a path is its order's: orders in [from, to) count, and their
// sessions may lie before. It does not say what caused an order: no model of touches can.
//
//	plan, err := attribution.Analysis().Prepare(question)
package attribution

import (
	"strconv"
	"strings"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/step"
)

const (
	day       = 24 * time.Hour
	longest   = 365 * day
	lookBack  = 30 * day
	halfLife  = 7 * day
	most      = 1000 // rows of paths
	touchesOf = 200  // of one path: what a robot or a kiosk adds is left out, and said
)

// Analysis answers which channels the orders of a period came by.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "attribution", Version: 1,
		Sentence: "Shares orders and revenue among the sessions before them, by nine models side by side.",
		Parameters: []analysis.Parameter{
			{Name: "look_back", Sentence: "how long before an order a session may begin and still be a touch of it, up to 365d", Default: "30d"},
			{Name: "since_last_order", Sentence: "whether sessions before the person's previous order are left out", Values: []string{"no", "yes"}, Default: "no"},
			{Name: "revenue", Sentence: "gross is what orders came to; net takes off what was changed, cancelled and refunded of them since", Values: []string{"gross", "net"}, Default: "gross"},
			{Name: "half_life", Sentence: "of time_decay: a touch so much earlier has half the weight", Default: "7d"},
			{Name: "position", Sentence: "of position: percent of the first touch, of all in the middle together, and of the last; 40/20/40 is called U", Default: "40/20/40"},
			{Name: "markov_order", Sentence: "of markov: how many touches back the next one depends on", Values: []string{"1", "2", "3"}, Default: "1"},
			{Name: "self_loops", Sentence: "of markov: whether a channel after itself is a step of its own", Values: []string{"remove", "keep"}, Default: "remove"},
			{Name: "payment_hosts", Sentence: "more hosts of payment pages: a session that came from one takes no credit", IsList: true},
			{Name: "top", Sentence: "how many paths are listed, 1 to 1000; the rest is one row", Default: "20"},
		},
		Prepare: prepare,
	}
}

// settings are the parameters, read.
type settings struct {
	analysis.Question
	by         analysis.Breakdown
	lookBack   time.Duration
	halfLife   time.Duration
	sinceLast  bool
	isNet      bool
	keepsLoops bool
	order      int // of the Markov chain
	position   [3]int64
	payments   []string
	top        int
	from       event.Millis // first step that is read
}

func prepare(q analysis.Question) (analysis.Plan, error) {
	s := settings{Question: q}
	if err := s.read(); err != nil {
		return analysis.Plan{}, err
	}
	s.from = q.Start().Add(-s.lookBack)
	to := q.End().Add(s.lookBack)
	if s.isNet {
		to = max(to, q.Now)
	}
	columns := step.ColumnsOf(step.Session, step.SessionStart, step.SessionChannel, step.ReferrerHost, step.OrderMoney) | s.by.Columns()
	return analysis.Plan{From: max(s.from, 0), To: min(to, max(q.Now, q.End())), Columns: columns, Answer: s.answer}, nil
}

func (s *settings) read() (err error) {
	name := s.By.Name
	switch name {
	case "", "channel":
		name = "session_channel"
	case "campaign":
		name = "session_campaign"
	}
	if s.by, err = analysis.ParseBreakdown("by", name); err != nil {
		return err
	}
	if s.lookBack, err = s.Duration("look_back", lookBack, longest); err != nil {
		return err
	}
	if s.halfLife, err = s.Duration("half_life", halfLife, longest); err != nil {
		return err
	}
	var choice [4]string
	for i, values := range [][]string{{"since_last_order", "no", "yes"}, {"revenue", "gross", "net"}, {"self_loops", "remove", "keep"}, {"markov_order", "1", "2", "3"}} {
		if choice[i], err = s.Choice(values[0], values[1:]...); err != nil {
			return err
		}
	}
	s.sinceLast, s.isNet, s.keepsLoops = choice[0] == "yes", choice[1] == "net", choice[2] == "keep"
	s.order = int(choice[3][0] - '0')
	if s.top, err = s.Number("top", 20, 1, most); err != nil {
		return err
	}
	s.payments = s.List("payment_hosts")
	for i, host := range s.payments {
		s.payments[i] = strings.ToLower(strings.TrimPrefix(host, "www."))
		if strings.ContainsAny(host, "/: ") || !strings.Contains(host, ".") {
			return analysis.Bad("payment_hosts", "a payment host is a name such as pay.example.com, without scheme and path, not %.40q", host)
		}
	}
	return s.readPosition()
}

// readPosition reads three percentages that add up to 100.
func (s *settings) readPosition() error {
	s.position = [3]int64{40, 20, 40}
	text := s.Text("position")
	if text == "" {
		return nil
	}
	sum := int64(0)
	parts := strings.Split(text, "/")
	for i, part := range parts {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil || n < 0 || n > 100 || len(parts) != len(s.position) {
			sum = -1
			break
		}
		s.position[i], sum = n, sum+n
	}
	if sum != 100 {
		return analysis.Bad("position", "position is three whole percentages that add up to 100, such as 40/20/40, not %.40q", text)
	}
	return nil
}

// answer reads the lives.
func (s *settings) answer(lives analysis.Lives) (analysis.Answer, error) {
	all := analysis.Fold(lives, s.begin, (*reader).add, (*reader).join)
	return s.tables(all)
}
