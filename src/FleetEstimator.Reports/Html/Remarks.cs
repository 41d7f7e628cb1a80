using System.Globalization;
using System.Xml.Linq;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>Remarks that many figures of a section share: numbers at the figures, the texts once below.</summary>
/// <param name="section">Id of the section.</param>
internal sealed class Remarks(string section)
{
    private readonly Footnotes _footnotes = new();

    /// <summary>The number at a figure, leading to the text; null without a remark.</summary>
    public XElement? Mark(string? text)
    {
        if (text is null)
            return null;
        var number = _footnotes.Number(text).ToString(CultureInfo.InvariantCulture);
        return E("sup", E("a", A("href", $"#{section}-{number}"), A("aria-label", $"remark {number}"), number));
    }

    /// <summary>The texts; null if there are none. To be called when all figures are written.</summary>
    public XElement? List() => _footnotes.Texts.Count == 0
        ? null
        : E("ol", Class("remarks"), _footnotes.Texts.Select((text, index) => E("li", A("id", $"{section}-{(index + 1).ToString(CultureInfo.InvariantCulture)}"), text)));
}
