/** Names for people, streets and firms that are put in the place of others. Invented or very common: they point at nobody. */
export const givenNames = {
  en: 'Alda Bryn Corin Delia Edris Fenna Garrick Hollis Imre Jora Kester Linnet Maren Nevin Odile Perrin Quill Rhona Selby Tamsin Ulla Verity Wystan Xenia Yorick Zelda'.split(
    ' ',
  ),
  ja: '葵 蓮 結衣 湊 陽菜 樹 凛 悠真 美咲 大和 花 蒼 楓 直樹 紬 健 彩 翔 恵 誠'.split(' '),
}
export const familyNames = {
  en: 'Ashgrove Barrowby Coldridge Dunmere Eastlow Fenwright Greymoor Hartholm Inglebeck Kettleby Larkfield Merrowby Northcote Oakhanger Penhallow Quarrington Rushbrook Stonecroft Thornaby Underwick Wetherell Yarrowdale'.split(
    ' ',
  ),
  ja: '青柳 石森 上川 遠野 柏木 霧島 佐久間 白瀬 高城 月岡 栃木原 中里 野々村 花岡 東海林 深町 三雲 望月 山吹 若槻'.split(
    ' ',
  ),
}
export const streets = [
  'Example Street, Sampleton',
  'Specimen Road, Modelby',
  'Placeholder Lane, Testford',
  'Pattern Avenue, Mockham',
]
export const organisations = {
  en: 'Halden Works;Orvik and Sons;Tessaly Partners;Marrow Lane Supplies;Quillon Foundry;Brindle Trading;Castor Mill;Underhay Services'.split(
    ';',
  ),
  ja: '架空商事;見本製作所;例示物産;仮名工業;試験堂;雛形興業'.split(';'),
}
