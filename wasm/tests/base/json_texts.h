// Short texts that are JSON (RFC 8259) and short texts that are not, scalars apart from containers.
// Strings end before, at and after 16 bytes, the width of the scanner's vectors.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidemark::json {

// clang-format off

inline const std::vector<std::string_view> kScalars = {
    "0", "-0", "1", "-1", "10", "123456789", "-987654321", "0.0", "-0.0", "0.5", "1.25", "10.01",
    "0e0", "0E0", "1e1", "1E1", "1e+1", "1e-1", "1E+10", "1E-10", "0e+00", "1.5e3", "-1.5E-3",
    "9007199254740991", "9007199254740993", "18446744073709551616", "1.7976931348623157e308",
    "5e-324", "1e-400", "123456789012345678901234567890.123456789", "true", "false", "null",
    R"("")", R"("a")", R"("0123456789abcde")", R"("0123456789abcdef")", R"("0123456789abcdefg")",
    R"("0123456789abcdef0123456789abcde")", R"("0123456789abcdef0123456789abcdef")", R"("\"")",
    R"("\\")", R"("\/")", R"("\b\f\n\r\t")", R"("\u0000")", R"("\u0041")", R"("\u00e9")",
    R"("\u20AC")", R"("\ud83d\ude00")", R"("\uD83D\uDE00")", R"("\uFFFF")",
    R"("0123456789abcd\"")", R"("0123456789abcde\"")", R"("0123456789abcdef\"")",
    R"("0123456789abcdef\\")", R"("\\\\\\\\\\\\\\\\\\")", R"("é")", R"("€uro")", R"("😀")",
    R"("Встреча в 10:00")", R"("日本語のテキスト日本語のテキスト")", "\"\x7f\"", R"("/")", R"("[")", R"("}")",
    R"(",")", R"("'")", R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\n")",
    R"("\ud800\u0041")", R"("\ud800\ud800\udc00")", R"("\udc00\ud800")", R"("\uDbFf\uDfFf")",
    R"("\udfff\udfff")"};

inline const std::vector<std::string_view> kNoScalars = {
    "", " ", "-", "+1", "+", "--1", "00", "01", "-01", "-00", "1.", "-1.", ".5", "-.5", "0.",
    "1..2", "1.e1", "1e", "1E", "1e+", "1e-", "1e1.5", "1ee1", "1e++1", "0x10", "1_000", "1,000",
    "1 2", "0.1.2", "1e1e1", "e1", ".", "Infinity", "-Infinity", "NaN", "nan", "- 1", "1a",
    "1true", "0b1", "1f", "1L", "0-", "0+1", "1-1", "t", "tr", "tru", "truE", "True", "TRUE",
    "truee", "true1", "f", "fals", "falsy", "False", "n", "nul", "nulL", "Null", "nil",
    "undefined", "nullnull", "true false", "yes", "\"", "\"a", "a\"", "'a'", R"("\")", R"("\a")",
    R"("\x41")", R"("\0")", R"("\v")", R"("\'")", R"("\U0041")", R"("\u")", R"("\u0")",
    R"("\u00")", R"("\u004")", R"("\u004g")", R"("\u 041")", R"("\u+041")", R"("\u-041")",
    R"("\ud800\u")", R"("\ud800\u12")", R"("\ud800\uxyzw")", R"("\N")", R"("\ ")", "\"\n\"",
    "\"\t\"", "\"\r\"", "\"\x01\"", "\"\x1f\"", "\"\\\n\"", "\"0123456789abcdef\n\"",
    "\"0123456789abcde\t\"", "\"0123456789abcdef0123456789\x1f\"", R"("a" "b")", R"("a"b)", "abc",
    "/", "//", "/**/", "#", "\\", "\\n", "\xC2\xA0", "\xEF\xBB\xBF", "\xEF\xBB\xBF{}", "\x0b",
    "\x0c", "\x0c 1", "1\x0b", "\xE2\x80\xA8", "`a`", "\"a\xE2\x80\xA8"};

inline const std::vector<std::string_view> kContainers = {
    "[]", "{}", "[ ]", "{ }", "[\n]", "{\t}", "[[]]", "[{}]", "[[],[]]", "[[],{}]", "[[[[[]]]]]",
    "[{},{}]", R"({"a":{}})", R"({"a":[]})", R"({"a":[{}]})", R"({"":0})", R"({"a":1,"a":2})",
    R"({"a":1,"b":2,"c":3})", R"( { "a" : 1 , "b" : [ 1 , 2 ] } )", R"({"a":{"b":{"c":{"d":1}}}})",
    R"({"\u0061":1})", R"({"\"":1})", R"({"\\":1})", R"({"\ud83d\ude00":1})", R"({"é":"é"})",
    R"({"0123456789abcdef":0})", R"({"0123456789abcde\"":0})", "[1,2,3]", "[ 1 , 2 , 3 ]",
    "\r\n[\r\n1\r\n,\r\n2\r\n]\r\n", "[null,true,false]", R"(["",""])", "[0,-0,0.0,0e0]",
    R"([{"a":[{"b":[{}]}]}])", R"([1,"a",null,true,{"k":[]},[{}]])", "[1]\n", "\t{}\t",
    R"({"a":"]"})", R"({"a":"}"})", R"(["[","{","\"","]"])", R"({"[":"{"})", R"({"\ud800":1})"};

inline const std::vector<std::string_view> kNoContainers = {
    "[", "]", "{", "}", "[}", "{]", "[[", "[[]", "[]]", "{{}}", "{[]}", "[]]", "{}}", "{}{}",
    "[][]", "[,]", "[,1]", "[1,]", "[1,,2]", "[1 2]", "[1;2]", "[1:2]", "[:]", "{,}", "{:}",
    R"({"a"})", R"({"a":})", R"({"a":1,})", R"({,"a":1})", R"({"a":1,,"b":2})", R"({"a" 1})",
    R"({"a"::1})", R"({"a":1 "b":2})", R"({"a":1;"b":2})", R"({a:1})", R"({'a':1})", R"({1:1})",
    R"({null:1})", R"({true:1})", R"({[]:1})", R"({{}:1})", R"({"a":1]})", R"({"a":1])",
    R"([{"a":1]})", R"([{"a":1]])", R"(["a":1])", R"({"a","b"})", R"({"a":1:2})", R"({"a":1}])",
    R"([1}])", "[1", "[1,", R"(["a)", R"(["a")", R"(["a",)", R"({"a)", R"({"a")", R"({"a":)",
    R"({"a":1)", R"({"a":1,)", R"({"a":1,")", R"({"a":1,"b)", R"({"a":1,"b":)", "[tru]", "[truee]",
    "[01]", "[-]", "[1.]", "[+1]", "[.5]", "[1e]", "[\"\\x\"]", "[\"\n\"]", "[\x01]", "[1]x",
    "{}x", "[1],", "[1] [2]", "{} []", "[\"\":1]", "[1/*c*/]", "[1]//c", "[\x0c]", "[\xC2\xA0]",
    "[NaN]", "[Infinity]", "[undefined]", "[,\"\"]", "[\"\",]", "[\"a\"\"b\"]", "{\"a\":1\"b\":2}",
    "[-a]", "[1a]", "<null>", "[<null>]", "[\\u0041]", "{\"a\\\":1}", "[\"a\\\"]", "*", "[*]", "&",
    "[\"\\"};

// clang-format on

inline std::vector<std::string_view> Concatenated(std::vector<std::string_view> a,
                                                  const std::vector<std::string_view>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline const std::vector<std::string_view> kValid = Concatenated(kScalars, kContainers);
inline const std::vector<std::string_view> kInvalid = Concatenated(kNoScalars, kNoContainers);

// A text with all of the grammar in it, in characters of all lengths and strings around 16 bytes.
inline const std::string kCorpus =
    " {\"id\" : \"card-1\", \"title\":\"Встреча 会議 😀 and more\",\r\n\t\"escapes\\n\\u0041\":"
    "\"\\\"\\\\\\/"
    "\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\ud800\\u0000\",\"numbers\":[0,-0,10,-1.5e+3,"
    "0.25E-2,7e1],\"literals\":[true,false,null],\"empty\":[{},[],\"\"],"
    "\"nested\":[[[{\"a\":[{\"b\":1}]}]]],\"0123456789abcdef\":\"0123456789abcdef0123456789\"} ";

}  // namespace tidemark::json
