package weights

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unpickle reads a pickle in which a persistent id is its own value.
func unpickle(data string) (any, error) {
	u := &unpickler{
		in:         newPickleSource(strings.NewReader(data), 0, int64(len(data))),
		find:       findGlobal,
		persistent: func(id any) (any, error) { return id, nil },
	}
	return u.load()
}

// show prints a value as Python would, nearly.
func show(v any) string {
	var parts []string
	items := func(list []any) string {
		for _, v := range list {
			parts = append(parts, show(v))
		}
		return strings.Join(parts, " ")
	}
	switch v := v.(type) {
	case *pyTuple:
		return "(" + items(v.items) + ")"
	case *pyList:
		return "[" + items(v.items) + "]"
	case *pyDict:
		for _, i := range v.items {
			parts = append(parts, show(i.key)+":"+show(i.value))
		}
		return "{" + strings.Join(parts, " ") + "}"
	case pyBytes:
		return fmt.Sprintf("b%+q", string(v))
	case pyLong:
		return fmt.Sprintf("long %x", string(v))
	case string:
		return fmt.Sprintf("%+q", v)
	case float64:
		return fmt.Sprintf("float %v", v)
	case pyOpaque:
		return "opaque"
	case *pyGlobal:
		return v.name
	}
	return fmt.Sprint(v)
}

// TestPickleOperations reads the operations one by one.
func TestPickleOperations(t *testing.T) {
	for _, c := range []struct{ pickle, want string }{
		{"N.", "<nil>"},
		{"\x88.", "true"},
		{"\x89.", "false"},
		{"I01\n.", "true"},
		{"I00\n.", "false"},
		{"I-12\n.", "-12"},
		{"L123L\n.", "123"},
		{"F1.5\n.", "float 1.5"},
		{"Finf\n.", "float +Inf"},
		{"K\xff.", "255"},
		{"M\x01\x02.", "513"},
		{"J\xfe\xff\xff\xff.", "-2"},
		{"\x8a\x00.", "0"},
		{"\x8a\x01\xff.", "-1"},
		{"\x8a\x03\x00\x00\x01.", "65536"},
		{"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", "9223372036854775807"},
		{"\x8b\x02\x00\x00\x00\x00\x80.", "-32768"},
		{"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00.", "long 000000000000008000"},
		{"G\xbf\xf8\x00\x00\x00\x00\x00\x00.", "float -1.5"},
		{"U\x02ab.", `"ab"`},
		{"U\x02\xff\x00.", `b"\xff\x00"`},
		{"T\x01\x00\x00\x00a.", `"a"`},
		{"\x8c\x02\xc3\xa4.", `"\u00e4"`},
		{"X\x01\x00\x00\x00a.", `"a"`},
		{"\x8d\x01\x00\x00\x00\x00\x00\x00\x00a.", `"a"`},
		{"C\x01a.", `b"a"`},
		{"B\x01\x00\x00\x00a.", `b"a"`},
		{"\x8e\x01\x00\x00\x00\x00\x00\x00\x00a.", `b"a"`},
		{"\x96\x01\x00\x00\x00\x00\x00\x00\x00a.", `b"a"`},
		{").", "()"},
		{"K\x01\x85.", "(1)"},
		{"K\x01K\x02\x86.", "(1 2)"},
		{"K\x01K\x02K\x03\x87.", "(1 2 3)"},
		{"(K\x01(K\x02tK\x03t.", "(1 (2) 3)"},
		{"(K\x01l.", "[1]"},
		{"(K\x01\x91.", "[1]"},
		{"]K\x01a(K\x02K\x03e.", "[1 2 3]"},
		{"\x8f(K\x02\x90.", "[2]"},
		{"}K\x01Ns(K\x02NK\x01\x88u.", "{1:true 2:<nil>}"},
		{"(K\x01K\x02d.", "{1:2}"},
		{"NK\x010.", "<nil>"},
		{"N(0.", "<nil>"},
		{"N(K\x011.", "<nil>"},
		{"K\x072\x86.", "(7 7)"},
		{"K\x05q\x000h\x00.", "5"},
		{"K\x05r\x03\x00\x00\x000j\x03\x00\x00\x00.", "5"},
		{"K\x05\x940h\x00.", "5"},
		{"K\x05p0\n0g0\n.", "5"},
		{"\x80\x05\x95\x02\x00\x00\x00\x00\x00\x00\x00N.", "<nil>"},
		{"K\x05Q.", "5"},
		{"ccollections\nOrderedDict\n)R.", "{}"},
		{"ccollections\nOrderedDict\n)\x81}b.", "{}"},
		{"ccollections\nOrderedDict\n)}\x92.", "{}"},
		{"ccollections\nOrderedDict\n(](K\x01K\x02tatR.", "{1:2}"},
		{"\x8c\x08builtins\x8c\x03set\x93]K\x01a\x85R.", "[1]"},
		{"ccollections\ndefaultdict\ncbuiltins\nlist\n\x85RK\x01Ns.", "{1:<nil>}"},
		{"ccollections\ndeque\n)K\x05\x86RK\x01a.", "[1]"},
		{"c_codecs\nencode\n\x8c\x03a\xc3\xbf\x8c\x06latin1\x86R.", `b"a\xff"`},
		{"c__builtin__\nbytearray\nC\x01a\x85R.", `b"a"`},
		{"ctorch\nSize\nK\x02K\x03\x86\x85R.", "(2 3)"},
		{"ctorch\ndevice\n\x8c\x03cpu\x85R.", "opaque"},
		{"ctorch\nfloat16\n.", "torch.float16"},
		{"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n\x8c\x02f8\x89\x88\x87R(K\x03\x8c\x01<tbC\x08\x00\x00\x00\x00\x00\x00\xf8\x3f\x86R.", "float 1.5"},
		{"cnumpy._core.multiarray\nscalar\ncnumpy\ndtype\n\x8c\x02i2\x89\x88\x87R(K\x03\x8c\x01>tbC\x02\xff\xfe\x86R.", "-2"},
		{"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n\x8c\x02u1\x85RC\x01\xff\x86R.", "255"},
		{"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n\x8c\x02b1\x85RC\x01\x01\x86R.", "true"},
		{"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n\x8c\x02f4\x85RC\x04\x00\x00\x00\x3f\x86R.", "float 0.5"},
		{"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n\x8c\x02f2\x85RC\x02\x00\x38\x86R.", "float 0.5"},
		{"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n\x8c\x02U1\x85RC\x04a\x00\x00\x00\x86R.", "opaque"},
	} {
		v, err := unpickle(c.pickle)
		if err != nil {
			t.Errorf("%q: %v", c.pickle, err)
			continue
		}
		if got := show(v); got != c.want {
			t.Errorf("%q: got %s, want %s", c.pickle, got, c.want)
		}
	}
}

// TestHostilePickles reads pickles that no Python has written.
func TestHostilePickles(t *testing.T) {
	for _, c := range []struct{ pickle, want string }{
		{"", "truncated: the pickle ends after 0 bytes"},
		{"N", "truncated: the pickle ends after 1 bytes"},
		{"X\xff\xff\xff\x7fab.", "truncated: the pickle ends after 8 bytes"},
		{"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "truncated: the pickle ends after 10 bytes"},
		{"\x8b\xff\xff\xff\xff.", "truncated: the pickle ends after 6 bytes"},
		{"cos", "truncated: the pickle ends after 3 bytes"},
		{"cos\nsystem\n(X\x02\x00\x00\x00lstR.", "pickle wants os.system: only tensors and plain containers are read"},
		{"\x8c\x02nt\x8c\x06system\x93.", "pickle wants nt.system: only tensors and plain containers are read"},
		{"c__builtin__\neval\n.", "pickle wants __builtin__.eval: only tensors and plain containers are read"},
		{"cbuiltins\ngetattr\n.", "pickle wants builtins.getattr: only tensors and plain containers are read"},
		{"ctorch\nload\n.", "pickle wants torch.load: only tensors and plain containers are read"},
		{"ca\x1b[2J\nb\n.", "pickle wants a?[2J.b: only tensors and plain containers are read"},
		{"c" + strings.Repeat("x", 5000) + "\n.", "damaged: the pickle has a line of more than 4096 bytes"},
		{"c" + strings.Repeat("x", 4000) + "\nb\n.", "pickle wants " + strings.Repeat("x", 100) + "...: only tensors and plain containers are read"},
		{"K\x01\x8c\x01a\x93.", "damaged: the pickle asks for a name that is no text"},
		{"ctorch\nFloatStorage\n)R.", "pickle calls torch.FloatStorage: only tensors and plain containers are read"},
		{"cbuiltins\nint\n)R.", "pickle calls builtins.int: only tensors and plain containers are read"},
		{"K\x01)R.", "damaged: the pickle calls what cannot be called"},
		{"cbuiltins\ndict\nNR.", "damaged: the pickle calls what cannot be called"},
		{"cbuiltins\ndict\nK\x01\x85R.", "damaged: the pickle calls dict with arguments that it does not take"},
		{"cbuiltins\ndict\n)}K\x01Ns\x92.", "damaged: the pickle makes an object with arguments by name"},
		{"cnumpy\ndtype\n\x8c\x02f8\x85RNb.", "damaged: the pickle calls numpy.dtype with arguments that it does not take"},
		{"c_codecs\nencode\n\x8c\x03\xe2\x82\xac\x8c\x01u\x86R.", "damaged: the pickle calls encode with arguments that it does not take"},
		{".", "damaged: the pickle takes a value where there is none"},
		{"N(.", "damaged: the pickle takes a value where there is none"},
		{"N\x86.", "damaged: the pickle takes a value where there is none"},
		{"N(\x85.", "damaged: the pickle takes a value where there is none"},
		{"}(Ns.", "damaged: the pickle takes a value where there is none"},
		{"t.", "damaged: the pickle looks for a mark where there is none"},
		{"}(Nu.", "damaged: the pickle has a key without a value"},
		{"N(u.", "damaged: the pickle sets keys of what is no dict"},
		{"NNa.", "damaged: the pickle appends to what is no list"},
		{"NNb.", "damaged: the pickle gives a state to what has none"},
		{"h\x00.", "damaged: the pickle asks for the value number 0, which it has not kept"},
		{"Nr\xff\xff\xff\xff.", "damaged: the pickle keeps a value under the number 4294967295"},
		{"q\x00.", "damaged: the pickle takes a value where there is none"},
		{"g-1\n.", `damaged: the pickle has the number "-1"`},
		{"Iabc\n.", `damaged: the pickle has the number "abc"`},
		{"Fabc\n.", `damaged: the pickle has the number "abc"`},
		{"\x80\x06N.", "a pickle of protocol 6, this program reads 1 to 5"},
		{"\x82\x01.", "damaged: the pickle has the unknown operation 0x82 at its byte 1"},
		{"S'a'\n.", "damaged: the pickle has the unknown operation 0x53 at its byte 1"},
		{strings.Repeat("N", stackLimit+1) + ".", "a pickle of more than 1048576 values at once"},
		{strings.Repeat("(", stackLimit+1) + ".", "a pickle of more than 1048576 values at once"},
		{strings.Repeat("N0", pickleLimit/2) + "N.", "a pickle of more than 16777216 bytes"},
		// What copies a list, or text, many times.
		{"](" + strings.Repeat("N", 1000) + "eq\x000" + strings.Repeat("cbuiltins\nlist\nh\x00\x85R", 100) + ".",
			"damaged: the pickle makes more values than it has bytes"},
		{"X\xe8\x03\x00\x00" + strings.Repeat("a", 1000) + "q\x000" + strings.Repeat("c_codecs\nencode\nh\x00\x85R", 100) + ".",
			"damaged: the pickle makes more values than it has bytes"},
	} {
		_, err := unpickle(c.pickle)
		if err == nil || err.Error() != c.want {
			t.Errorf("%.80q: got %v, want %s", c.pickle, err, c.want)
		}
	}
}

// TestPickleMemory wants no more memory than a multiple of the pickle.
func TestPickleMemory(t *testing.T) {
	const n = 1 << 18
	for _, c := range []string{
		strings.Repeat("]", n) + ".",
		strings.Repeat("]\x940", n) + "N.",
		strings.Repeat("}\x940", n) + "N.",
		"}" + strings.Repeat("NNs", n) + ".",
		"}" + strings.Repeat(")Ns", n) + ".",
		"]" + strings.Repeat("Na", n) + ".",
		"N" + strings.Repeat("\x85", n) + ".",
		"N" + strings.Repeat("2", n) + ".",
		"N" + strings.Repeat("\x94", n) + ".",
		strings.Repeat("(", n) + ".",
		"X\xff\xff\xff\x7f",
		"]q\x000" + strings.Repeat("cbuiltins\nset\nh\x00\x85R0", n) + "N.",
	} {
		// All that is taken counts here, and what a slice grows from is given back.
		if got, limit := allocated(func() { unpickle(c) }), uint64(150*len(c)+1<<17); got > limit {
			t.Errorf("%.40q of %d bytes: %d bytes are taken", c, len(c), got)
		}
	}
}

// TestPythonPickles reads what Python writes, in each protocol.
func TestPythonPickles(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "").Run(); err != nil {
		t.Skip(err)
	}
	const value = `{"a": [1, -1, 255, 256, 65535, 65536, -2**31, 2**31, 2**63-1, -2**63, 2.5, float("inf")], ` +
		`"long" * 100: ("x", None, True, False, ()), b"bytes\xff": (1, 2, 3, 4), 3: [{}, [], {"k": "v"}]}`
	want := `{"a":[1 -1 255 256 65535 65536 -2147483648 2147483648 9223372036854775807 -9223372036854775808 float 2.5 float +Inf] ` +
		`"` + strings.Repeat("long", 100) + `":("x" <nil> true false ()) b"bytes\xff":(1 2 3 4) 3:[{} [] {"k":"v"}]}`
	for protocol := 1; protocol <= 5; protocol++ {
		out, err := exec.Command(python, "-c", fmt.Sprintf("import pickle, sys; sys.stdout.buffer.write(pickle.dumps(%s, %d))", value, protocol)).Output()
		if err != nil {
			t.Fatal(err)
		}
		v, err := unpickle(string(out))
		if err != nil {
			t.Errorf("protocol %d: %v", protocol, err)
			continue
		}
		if d := cmp.Diff(want, show(v)); d != "" {
			t.Errorf("protocol %d: %s", protocol, d)
		}
	}
}

// FuzzPickle wants of any bytes an error of one line or a value.
func FuzzPickle(f *testing.F) {
	for name := range checkpoints(f) {
		data := fixture(f, name)
		if at := bytes.Index(data, []byte("\x80\x02")); at >= 0 {
			f.Add(data[at:])
		}
	}
	f.Add([]byte("}(K\x01I01\nL5L\nF1\nU\x01a]a2u."))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := unpickle(string(data)); err != nil && strings.Contains(err.Error(), "\n") {
			t.Error(err)
		}
	})
}
