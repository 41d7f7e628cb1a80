namespace FleetEstimator.Reports;

/// <summary>Remarks that many figures share, each said once and numbered from 1 in the order in which they come up.</summary>
internal sealed class Footnotes
{
    private readonly List<string> _texts = [];

    public IReadOnlyList<string> Texts => _texts;

    /// <summary>The number of a remark.</summary>
    public int Number(string text)
    {
        var index = _texts.IndexOf(text);
        if (index < 0)
        {
            index = _texts.Count;
            _texts.Add(text);
        }

        return index + 1;
    }
}
