using System.Text;
using System.Text.RegularExpressions;

namespace FleetEstimator.Tests.Fuzzing;

/// <summary>Changes to text of lines, words and numbers.</summary>
internal static partial class TextMutations
{
    private static readonly string[] Words =
    [
        "", "0", "-1", "1", "18446744073709551615", "18446744073709551616", "9223372036854775807", "9223372036854775808", "4294967296", "1e308", "1e999", "-0", "0x", "0xffffffffffffffff",
        "0x10000000000000000", "NaN", "Infinity", "null", "true", "[]", "{}", "[[", "\"", "\\u0000", "\0", "é", "💥", " ", ",", ";", ":", "=", "==", "-", "/", "%", "9999999999999999999999999",
        "0.1", "1.5", "00000000000000000000000000000001",
    ];

    /// <summary>Changes a text in one to four places.</summary>
    public static byte[] Apply(byte[] bytes, Random random)
    {
        var text = Encoding.Latin1.GetString(bytes);
        for (var changes = random.Next(1, 5); changes > 0; changes--)
            text = Once(text, random);
        return Encoding.Latin1.GetBytes(text);
    }

    private static string Once(string text, Random random)
    {
        var lines = text.Split('\n').ToList();
        var line = random.Next(lines.Count);
        switch (random.Next(9))
        {
            case 0 or 1 or 2:
                return ReplaceOne(Number(), text, random);
            case 3:
                return ReplaceOne(Word(), text, random);
            case 4:
                lines.RemoveAt(line);
                break;
            case 5:
                lines.Insert(random.Next(lines.Count + 1), lines[line]);
                break;
            case 6:
                var other = random.Next(lines.Count);
                (lines[line], lines[other]) = (lines[other], lines[line]);
                break;
            case 7:
                // Long lines and deep nesting; now and then beyond any limit.
                var repeated = Words[random.Next(Words.Length)] + "[{\"a 1,"[random.Next(7)];
                lines[line] += string.Concat(Enumerable.Repeat(repeated, random.Next(20) == 0 ? 40_000 : random.Next(200)));
                break;
            default:
                return text[..random.Next(text.Length + 1)];
        }

        return string.Join('\n', lines);
    }

    private static string ReplaceOne(Regex pattern, string text, Random random)
    {
        // Of the matches from a random place on the first: looking for all of a long text takes long.
        var match = pattern.Match(text, random.Next(text.Length + 1));
        if (!match.Success)
            match = pattern.Match(text);
        if (!match.Success)
            return text + Words[random.Next(Words.Length)];
        var replacement = random.Next(3) == 0 ? ByteMutations.Number(random).ToString(System.Globalization.CultureInfo.InvariantCulture) : Words[random.Next(Words.Length)];
        return text[..match.Index] + replacement + text[(match.Index + match.Length)..];
    }

    [GeneratedRegex("[0-9]+|0x[0-9a-f]+", RegexOptions.None, 1000)]
    private static partial Regex Number();

    [GeneratedRegex("[A-Za-z_]+", RegexOptions.None, 1000)]
    private static partial Regex Word();
}
