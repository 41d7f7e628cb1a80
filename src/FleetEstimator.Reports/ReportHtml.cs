using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>
/// report.html: one page for people, complete in itself: no script, no request, styles and drawings within. It is HTML and well-formed XML. Equal results
/// give equal bytes.
/// </summary>
public static class ReportHtml
{
    private const string ContentPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

    /// <summary>Writes the page as UTF-8; the stream stays open.</summary>
    public static void Write(StudyResult result, Stream stream) => Html.Write(Page(new Findings(result)), stream);

    private static XElement Page(Findings findings)
    {
        var result = findings.Result;
        XElement?[] all =
        [
            ClaimsSection.Write(result),
            SavingsSection.Write(findings),
            DistributionSection.Write(findings),
            WhatIfSection.Write(findings),
            LevelsSection.Shares(findings),
            LevelsSection.Levels(findings),
            MaterialSection.Recordings(result),
            BacktestSection.Write(result),
            MaterialSection.Classes(result),
            GroundsSection.Caveats(result),
            GroundsSection.MethodsInShort(findings),
            GroundsSection.Reproducibility(result),
        ];
        XElement[] sections = [.. all.OfType<XElement>()];
        return E(
            "html",
            A("lang", "en"),
            E(
                "head",
                E("meta", A("charset", "utf-8")),
                E("meta", A("http-equiv", "Content-Security-Policy"), A("content", ContentPolicy)),
                E("meta", A("name", "viewport"), A("content", "width=device-width, initial-scale=1")),
                E("meta", A("name", "color-scheme"), A("content", "light dark")),
                E("title", $"{result.Study} – fleet estimate"),
                E("style", Stylesheet.Of("palette.css", "report.css"))),
            E(
                "body",
                E("header", E("p", Class("kicker"), "FleetEstimator report"), E("h1", result.Study)),
                E("main", VerdictSection.Write(findings), Contents(sections), sections),
                E("footer", E("p", $"{StudyResult.SchemaName} · study {MaterialSection.Short(result.StudyDigest)} · seed {result.Seed}"))));
    }

    private static XElement Contents(IEnumerable<XElement> sections) => E(
        "nav",
        A("aria-label", "Contents"),
        E("ul", sections.Select(section => E("li", E("a", A("href", "#" + section.Attribute("id")!.Value), section.Element("h2")!.Value)))));
}
