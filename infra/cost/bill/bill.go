// Package bill counts what AWS bills and prices it. It knows units and prices, and nothing of who uses them or how
// they are seen; package meter sees them.
//
// Money and units are exact rationals, never floats, and a price list names its date and source.
//
//	var used bill.Ledger
//	used.Add("Collect", bill.LambdaRequest, 1)
//	prices, err := bill.ParsePrices(file)
//	dollars := prices.Dollars(used.Usage())
package bill

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"sync"
)

// Kind is one thing that AWS counts.
type Kind string

// The kinds. A ledger counts each in parts, so that all of its counts are whole numbers; Unit says what they are
// billed in.
const (
	HTTPRequest   Kind = "http.request"   // of the HTTP API, one for each 512 KB
	LambdaRequest Kind = "lambda.request" // invocations
	LambdaTime    Kind = "lambda.time"    // parts: MB × ms; measured on this machine
	SQSSend       Kind = "sqs.send"       // requests, one for each 64 KB
	SQSReceive    Kind = "sqs.receive"
	SQSDelete     Kind = "sqs.delete"
	SQSOther      Kind = "sqs.other"
	DynamoWrite   Kind = "dynamodb.write" // write units of 1 KB
	DynamoRead    Kind = "dynamodb.read"  // parts: half read units of 4 KB, as an eventually consistent read takes
	S3Put         Kind = "s3.put"         // PUT, COPY, POST and LIST
	S3Get         Kind = "s3.get"         // GET and everything else but DELETE, which is free
	LogAccess     Kind = "log.access"     // parts: bytes, here and below; lines of the HTTP API
	LogPlatform   Kind = "log.platform"   // START, END and REPORT
	LogInfo       Kind = "log.info"       // lines of the functions below WARN
	LogWarn       Kind = "log.warn"       // other lines of the functions
	Firing        Kind = "scheduler.invocation"
)

// Unit is how a kind is billed.
type Unit struct {
	Kind        Kind
	Price       string // its name in the price list
	Service     string
	Name        string
	Parts       int64 // of a ledger, that make one unit
	IsOperation bool  // counts as a billed operation; amounts of time and bytes do not
}

// Units lists every kind in the order of reports.
func Units() []Unit {
	return []Unit{
		{HTTPRequest, "http.request", "HTTP API", "requests", 1, true},
		{LambdaRequest, "lambda.request", "Lambda", "requests", 1, true},
		{LambdaTime, "lambda.time", "Lambda", "GB-seconds", 1024 * 1000, false},
		{SQSSend, "sqs.request", "SQS", "sends", 1, true},
		{SQSReceive, "sqs.request", "SQS", "receives", 1, true},
		{SQSDelete, "sqs.request", "SQS", "deletes", 1, true},
		{SQSOther, "sqs.request", "SQS", "other requests", 1, true},
		{DynamoWrite, "dynamodb.write", "DynamoDB", "write units", 1, true},
		{DynamoRead, "dynamodb.read", "DynamoDB", "read units", 2, true},
		{S3Put, "s3.put", "S3", "PUT and LIST", 1, true},
		{S3Get, "s3.get", "S3", "GET", 1, true},
		{LogAccess, "log.kb", "Logs", "KB, access log", 1000, false},
		{LogPlatform, "log.kb", "Logs", "KB, platform lines", 1000, false},
		{LogInfo, "log.kb", "Logs", "KB, lines below WARN", 1000, false},
		{LogWarn, "log.kb", "Logs", "KB, other lines", 1000, false},
		{Firing, "scheduler.invocation", "Scheduler", "invocations", 1, true},
	}
}

// UnitOf is how a kind is billed; false for one that is not in Units.
func UnitOf(kind Kind) (Unit, bool) {
	all := Units()
	i := slices.IndexFunc(all, func(u Unit) bool { return u.Kind == kind })
	if i < 0 {
		return Unit{}, false
	}
	return all[i], true
}

// Line is what one function uses of one kind.
type Line struct {
	Function string
	Kind     Kind
}

// Ledger counts. The zero Ledger is empty; several may add at a time.
type Ledger struct {
	mu     sync.Mutex
	counts map[Line]int64
}

// Add counts parts of a kind for a function.
func (l *Ledger) Add(function string, kind Kind, parts int64) {
	if parts == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts = map[Line]int64{}
	}
	l.counts[Line{function, kind}] += parts
}

// Usage is what was counted so far.
func (l *Ledger) Usage() Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := Usage{}
	for line, parts := range l.counts {
		u[line] = big.NewRat(parts, 1)
	}
	return u
}

// Usage is parts of lines, as counted or scaled.
type Usage map[Line]*big.Rat

// Plus is the sum of both.
func (u Usage) Plus(other Usage) Usage {
	sum := maps.Clone(u)
	if sum == nil {
		sum = Usage{}
	}
	for line, parts := range other {
		if present := sum[line]; present != nil {
			parts = new(big.Rat).Add(present, parts)
		}
		sum[line] = parts
	}
	return sum
}

// Times is a multiple.
func (u Usage) Times(factor *big.Rat) Usage {
	out := Usage{}
	for line, parts := range u {
		out[line] = new(big.Rat).Mul(parts, factor)
	}
	return out
}

// Where keeps some of the lines.
func (u Usage) Where(keep func(Line) bool) Usage {
	out := maps.Clone(u)
	maps.DeleteFunc(out, func(line Line, _ *big.Rat) bool { return !keep(line) })
	return out
}

// Operations is the number of billed operations: requests and DynamoDB's units, but neither time nor bytes.
func (u Usage) Operations() *big.Rat {
	sum := new(big.Rat)
	for line, parts := range u {
		if unit, known := UnitOf(line.Kind); known && unit.IsOperation {
			sum.Add(sum, new(big.Rat).Mul(parts, big.NewRat(1, unit.Parts)))
		}
	}
	return sum
}

// Lines are sorted by function, then in the order of Units.
func (u Usage) Lines() []Line {
	rank := map[Kind]int{}
	for i, unit := range Units() {
		rank[unit.Kind] = i
	}
	return slices.SortedFunc(maps.Keys(u), func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(rank[a.Kind], rank[b.Kind]))
	})
}
