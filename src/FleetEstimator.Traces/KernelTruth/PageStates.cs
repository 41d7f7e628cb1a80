using System.Globalization;
using System.Text;

namespace FleetEstimator.Traces.KernelTruth;

/// <summary>
/// The page table of a region, one character a page, run-length coded: <c>60.1P3.</c> is 60 empty pages, one private page, 3 empty pages.
/// </summary>
/// <remarks>
/// <c>.</c> nothing, <c>Z</c> shared zero page, <c>P</c> private page, <c>C</c> private page that also sits in the swap cache, <c>H</c> and <c>G</c>
/// the same for a page of a large folio, <c>S</c> swapped out, <c>c</c> swapped out with a copy in the swap cache. RSS is P + C + H + G.
/// Two values are equal when they code the same pages: each run is as long as it can be.
/// </remarks>
public sealed record PageStates
{
    /// <summary>The characters a page can have.</summary>
    public const string Alphabet = ".ZPCHGSc";

    private PageStates(string code, int pages)
    {
        Code = code;
        Pages = pages;
    }

    /// <summary>The run-length code.</summary>
    public string Code { get; }

    /// <summary>Pages of the region.</summary>
    public int Pages { get; }

    /// <summary>The code of a page table that holds one character of <see cref="Alphabet"/> for each page.</summary>
    public static PageStates Encode(ReadOnlySpan<char> states)
    {
        var code = new StringBuilder();
        for (var start = 0; start < states.Length;)
        {
            var state = states[start];
            if (!Alphabet.Contains(state))
                throw new ArgumentException($"Page {start} has the state '{state}', none of {Alphabet}.", nameof(states));
            var length = states[start..].IndexOfAnyExcept(state);
            if (length < 0)
                length = states.Length - start;
            code.Append(CultureInfo.InvariantCulture, $"{length}{state}");
            start += length;
        }

        return new(code.ToString(), states.Length);
    }

    /// <summary>Reads a run-length code; false when it is not one.</summary>
    /// <param name="code">Lengths and states in turn.</param>
    /// <param name="pagesMax">Most pages the code may stand for.</param>
    /// <param name="states">The page table.</param>
    public static bool TryParse(string code, int pagesMax, out PageStates states)
    {
        states = new("", 0);
        var expanded = new StringBuilder();
        var length = 0;
        foreach (var character in code)
        {
            if (char.IsAsciiDigit(character))
            {
                length = (length * 10) + (character - '0');
            }
            else
            {
                if (length == 0 || !Alphabet.Contains(character))
                    return false;
                expanded.Append(character, length);
                length = 0;
            }

            if (length > pagesMax - expanded.Length)
                return false;
        }

        if (length > 0)
            return false;
        states = Encode(expanded.ToString());
        return true;
    }

    /// <summary>One character of <see cref="Alphabet"/> for each page.</summary>
    public string Expand()
    {
        var expanded = new StringBuilder(Pages);
        var length = 0;
        foreach (var character in Code)
        {
            if (char.IsAsciiDigit(character))
            {
                length = (length * 10) + (character - '0');
            }
            else
            {
                expanded.Append(character, length);
                length = 0;
            }
        }

        return expanded.ToString();
    }

    /// <inheritdoc/>
    public override string ToString() => Code;
}
